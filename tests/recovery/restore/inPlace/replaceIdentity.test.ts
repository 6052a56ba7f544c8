import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { TIERS } from "../../../../planning/tiers.ts";
import { backup } from "../../../../recovery/backup/backup.ts";
import { replace } from "../../../../recovery/restore/inPlace/replace.ts";
import { systemClock } from "../../../../services/common/clock.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { silent } from "../../../../services/common/reporter.ts";
import { ageSealer } from "../../../../services/vault/age.ts";
import { runSql } from "../../support/sample.ts";
import { startTestSource, type TestSource } from "../../support/source.ts";

let started: TestSource;
beforeAll(async () => {
  started = await startTestSource();
}, 60_000);
afterAll(() => started.stop());

it("is refused before anybody is asked or shut out where the identity of a sealed backup is missing", async () => {
  const { cloud, database, signer, trustedKeys } = started;
  await runSql(database.url, "create table public.things (id int primary key); insert into public.things values (1)");
  const vault = await cloud.newVault();
  const sealer = ageSealer([await identityToRecipient(await generateX25519Identity())]);
  const common = { vault, tiers: TIERS, clock: systemClock };
  await backup({ ...common, databaseUrl: database.url, signer, sealer, reporter: silent });
  const done: string[] = [];
  const replacing = replace({
    ...{ ...common, trustedKeys, targetUrl: database.url },
    confirm: () => Promise.resolve(void done.push("asked")),
    saveFirst: () => Promise.resolve(String(done.push("saved"))),
    reporter: (message) => void done.push(message),
  });
  await expect(replacing).rejects.toThrow("Set CASTCHAT_AGE_IDENTITY");
  await expect(replacing).rejects.toBeInstanceOf(UserError);
  expect(done).toEqual([expect.stringContaining("Claiming")]);
}, 60_000);
