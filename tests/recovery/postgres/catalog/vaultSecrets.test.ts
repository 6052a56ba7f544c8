import { beforeAll, describe, expect, it } from "@jest/globals";

import type { BackupOptions } from "../../../../recovery/backup/backupOptions.ts";
import {
  parseVaultSecrets,
  readVaultSecrets,
  restoreVaultSecrets,
} from "../../../../recovery/postgres/catalog/vaultSecrets.ts";
import type { TestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";
import { newAgeKey } from "../../support/ageKey.ts";
import { startRoundTrip } from "../../support/backingUp.ts";

const VALUE = "välue-that-must-not-be-seen";
const SECRETS = [
  { name: "api key", description: "It's", value: VALUE },
  { name: "empty", description: "", value: "" },
  { name: null, description: "no name", value: "one\ntwo" },
  { name: null, description: "no name", value: "one\ntwo" },
];

const started = forSuite(startRoundTrip);
let source: TestDatabase;
let target: TestDatabase;
beforeAll(async () => {
  ({ database: source, target } = started);
  await source.query(`
    create table public.t (id int); select vault.create_secret('${VALUE}', 'api key', 'It''s'); select vault.create_secret('', 'empty');
    select vault.create_secret(E'one\\ntwo', null, 'no name') from generate_series(1, 2)`);
});

async function backUp(more: Partial<BackupOptions> = {}) {
  const vault = await started.cloud.newVault();
  const said: string[] = [];
  await started.backUp(vault, { reporter: (message) => said.push(message), ...more });
  return { vault, manifest: await started.manifestOf(vault), said: said.join("\n") };
}
const secretsIn = async (database: TestDatabase) => {
  const { secrets } = await database.inSession((session) => readVaultSecrets(session, true));
  return secrets.map(({ name, description, value }) => ({ name, description, value }));
};

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
    const { sealer, opener } = await newAgeKey();
    const { vault, manifest, said } = await backUp({ sealer });
    expect(manifest.leftOut.filter(({ what }) => what.includes("vault secrets"))).toEqual([]);
    await expect(started.restoreInto(target.url, vault)).rejects.toThrow(/is encrypted to age1/);
    const { notes } = await started.restoreInto(target.url, vault, { opener });
    expect(await secretsIn(target)).toEqual(SECRETS);
    expect([said, JSON.stringify(manifest), ...notes].join("\n")).not.toContain(VALUE);
  }, 60_000);

  it("are created once, and get their value back when it differs", async () => {
    await target.query(
      "select vault.update_secret(id, 'altered') from vault.secrets where name = 'api key'; delete from vault.secrets where name = 'empty'",
    );
    const again = () => target.inSession((session) => restoreVaultSecrets(session, SECRETS));
    expect(await again()).toEqual([]);
    expect(await again()).toEqual([]);
    expect(await secretsIn(target)).toEqual(SECRETS);
  });

  it("that do not come back as they are fail the restore by name, without the value", async () => {
    await target.asSuperuser(
      "create or replace function vault._seal(secret text) returns text language sql as $$ select encode(extensions.pgp_sym_encrypt('other', vault._root_key()), 'base64') $$",
    );
    const failure: unknown = await target
      .inSession((session) => restoreVaultSecrets(session, [{ name: "new", description: "", value: VALUE }]))
      .catch((error: unknown) => error);
    expect(String(failure)).toBe("PromiseError: The vault's secrets new are not what the backup holds.");
    expect(() => parseVaultSecrets(`[{"value": "${VALUE}"`)).toThrow(
      /^the vault's secrets are not in a form that is understood$/,
    );
  });

  it("are noted when there is no vault, and left out when the role may not read it", async () => {
    await source.asSuperuser(
      "revoke select on vault.decrypted_secrets from postgres, service_role; revoke pg_read_all_data from postgres",
    );
    const read = () => source.inSession((session) => readVaultSecrets(session, true));
    const leftOut = [{ what: "vault secrets", why: '"postgres" may not read them' }];
    expect(await read()).toEqual({ secrets: [], leftOut });
    await source.asSuperuser("drop schema vault cascade");
    expect(await read()).toEqual({ secrets: [], leftOut: [] });
    const notes = await source.inSession((session) => restoreVaultSecrets(session, SECRETS));
    expect(notes).toEqual([expect.stringMatching(/no vault, so 4 secrets/)]);
  });
});
