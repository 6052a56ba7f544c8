import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";

import type { BackupOptions } from "../../../../recovery/backup/backupOptions.ts";
import {
  parseVaultSecrets,
  readVaultSecrets,
  restoreVaultSecrets,
} from "../../../../recovery/postgres/catalog/vaultSecrets.ts";
import { type Session, withSession } from "../../../../recovery/postgres/session/database.ts";
import type { RestoreOptions } from "../../../../recovery/restore/run/restoreOptions.ts";
import { ageOpener, ageSealer } from "../../../../services/vault/age.ts";
import type { TestDatabase } from "../../../support/postgres.ts";
import { type RoundTrip, startRoundTrip } from "../../support/backingUp.ts";
import { runSql } from "../../support/sample.ts";

const VALUE = "välue-that-must-not-be-seen";
const SECRETS = [
  { name: "api key", description: "It's", value: VALUE },
  { name: "empty", description: "", value: "" },
  { name: null, description: "no name", value: "one\ntwo" },
  { name: null, description: "no name", value: "one\ntwo" },
];

let started: RoundTrip;
let source: TestDatabase;
let target: TestDatabase;
beforeAll(async () => {
  started = await startRoundTrip();
  ({ database: source, target } = started);
  await runSql(
    source.url,
    `create table public.t (id int); select vault.create_secret('${VALUE}', 'api key', 'It''s'); select vault.create_secret('', 'empty');
     select vault.create_secret(E'one\\ntwo', null, 'no name') from generate_series(1, 2)`,
  );
}, 60_000);
afterAll(() => started.stop());

async function backUp(more: Partial<BackupOptions> = {}) {
  const vault = await started.cloud.newVault();
  const said: string[] = [];
  await started.backUp(vault, { reporter: (message) => said.push(message), ...more });
  return { vault, manifest: await started.manifestOf(vault), said: said.join("\n") };
}
const inSession = <T>({ url }: TestDatabase, work: (session: Session) => Promise<T>) =>
  withSession(url, { applicationName: "test" }, work);
const secretsIn = (database: TestDatabase) =>
  inSession(database, async (session) =>
    (await readVaultSecrets(session, true)).secrets.map(({ name, description, value }) => ({
      name,
      description,
      value,
    })),
  );

describe("secrets of the vault", () => {
  it("are left out by name of a backup that is not encrypted", async () => {
    const { vault, manifest } = await backUp();
    expect(manifest.parts.map(({ name }) => name)).not.toContain("vault-secrets.json");
    expect(manifest.leftOut).toContainEqual({
      what: "vault secrets ((no name), (no name), api key, empty)",
      why: "no recipient is set to encrypt them to: set ageRecipients",
    });
    for (const { key } of await vault.list(""))
      expect(Buffer.from((await vault.getBytes(key))!).toString("latin1")).not.toContain(VALUE);
  });

  it("come back out of an encrypted one, and are never printed", async () => {
    const identity = await generateX25519Identity();
    const { vault, manifest, said } = await backUp({ sealer: ageSealer([await identityToRecipient(identity)]) });
    expect(manifest.leftOut.filter(({ what }) => what.includes("vault secrets"))).toEqual([]);
    const restoreIt = (more: Partial<RestoreOptions>) => started.restoreInto(target.url, vault, more);
    await expect(restoreIt({})).rejects.toThrow(/is encrypted to age1/);
    const { notes } = await restoreIt({ opener: ageOpener([identity]) });
    expect(await secretsIn(target)).toEqual(SECRETS);
    expect([said, JSON.stringify(manifest), ...notes].join("\n")).not.toContain(VALUE);
  }, 60_000);

  it("are created once, and get their value back when it differs", async () => {
    await runSql(
      target.url,
      "select vault.update_secret(id, 'altered') from vault.secrets where name = 'api key'; delete from vault.secrets where name = 'empty'",
    );
    const again = () => inSession(target, (session) => restoreVaultSecrets(session, SECRETS));
    expect(await again()).toEqual([]);
    expect(await again()).toEqual([]);
    expect(await secretsIn(target)).toEqual(SECRETS);
  });

  it("that do not come back as they are fail the restore by name, without the value", async () => {
    await runSql(
      target.superuserUrl,
      "create or replace function vault._seal(secret text) returns text language sql as $$ select encode(extensions.pgp_sym_encrypt('other', vault._root_key()), 'base64') $$",
    );
    const failure: unknown = await inSession(target, (session) =>
      restoreVaultSecrets(session, [{ name: "new", description: "", value: VALUE }]),
    ).catch((error: unknown) => error);
    expect(String(failure)).toBe("PromiseError: The vault's secrets new are not what the backup holds.");
    expect(() => parseVaultSecrets(`[{"value": "${VALUE}"`)).toThrow(
      /^the vault's secrets are not in a form that is understood$/,
    );
  });

  it("are noted when there is no vault, and left out when the role may not read it", async () => {
    await runSql(
      source.superuserUrl,
      "revoke select on vault.decrypted_secrets from postgres, service_role; revoke pg_read_all_data from postgres",
    );
    const read = () => inSession(source, (session) => readVaultSecrets(session, true));
    expect(await read()).toEqual({
      secrets: [],
      leftOut: [{ what: "vault secrets", why: '"postgres" may not read them' }],
    });
    await runSql(source.superuserUrl, "drop schema vault cascade");
    expect(await read()).toEqual({ secrets: [], leftOut: [] });
    const notes = await inSession(source, (session) => restoreVaultSecrets(session, SECRETS));
    expect(notes).toEqual([expect.stringMatching(/no vault, so 4 secrets/)]);
  });
});
