import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { replace } from "../../../../recovery/restore/inPlace/replace.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { ageSealer } from "../../../../services/vault/age.ts";
import { runSql } from "../../support/sample.ts";
import { startTestSource, type TestSource } from "../../support/source.ts";

let started: TestSource;
beforeAll(async () => {
  started = await startTestSource();
}, 60_000);
afterAll(() => started.stop());

it("is refused before the question and before the gate closes if the identity of a sealed backup is missing", async () => {
  const { database } = started;
  await runSql(database.url, "create table public.things (id int primary key); insert into public.things values (1)");
  await started.backUp(database.url, {
    sealer: ageSealer([await identityToRecipient(await generateX25519Identity())]),
  });
  const done: string[] = [];
  const replacing = replace(
    started.replacing(database.url, {
      confirm: () => Promise.resolve(void done.push("asked")),
      saveFirst: () => Promise.resolve(String(done.push("saved"))),
      reporter: (message) => void done.push(message),
    }),
  );
  await expect(replacing).rejects.toThrow("Set CASTCHAT_AGE_IDENTITY");
  await expect(replacing).rejects.toBeInstanceOf(UserError);
  expect(done).toEqual([expect.stringContaining("Claiming")]);
}, 60_000);
