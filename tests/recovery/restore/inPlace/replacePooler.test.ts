import { afterAll, beforeAll, expect, it } from "@jest/globals";

import { applySchema, fill } from "../../../../lab/sandbox/sample/database.ts";
import { TIERS } from "../../../../planning/tiers.ts";
import { backup } from "../../../../recovery/backup/backup.ts";
import { closeGate, openGate } from "../../../../recovery/gate/writeGate.ts";
import { withSession } from "../../../../recovery/postgres/session/database.ts";
import { replace } from "../../../../recovery/restore/inPlace/replace.ts";
import { systemClock } from "../../../../services/common/clock.ts";
import { silent } from "../../../../services/common/reporter.ts";
import { type SessionPooler, startSessionPooler } from "../../../support/sessionPooler.ts";
import { contentOf, runSql } from "../../support/sample.ts";
import { startTestSource, type TestSource } from "../../support/source.ts";

let started: TestSource;
let pooler: SessionPooler;
let pooled: string;
beforeAll(async () => {
  started = await startTestSource();
  const { database } = started;
  pooler = await startSessionPooler(database.port);
  pooled = pooler.through(database.url);
  await applySchema(database.url);
  await fill(database.url, { rows: 60 });
}, 60_000);
afterAll(async () => {
  await pooler.stop();
  await started.stop();
});

it("ends no session of its own behind a pooler that gives every session the same name", async () => {
  await withSession(pooled, { applicationName: "castchat-recovery backup" }, async (own) => {
    await withSession(pooled, { applicationName: "castchat-recovery writes stop" }, async (session) => {
      await closeGate(session, { holder: "writes stop", level: "writes" });
      await own.query("select");
      await openGate(session, "writes stop");
    });
  });
}, 60_000);

it("replaces a database behind a pooler that drops names and options", async () => {
  const { cloud, database, signer, trustedKeys } = started;
  const vault = await cloud.newVault();
  const common = { vault, tiers: TIERS, clock: systemClock, reporter: silent };
  const { backupId } = await backup({ ...common, databaseUrl: database.url, signer });
  const before = await contentOf(database.url);
  await runSql(database.url, "update public.posts set title = 'wrong'; drop table public.messages cascade");
  const result = await replace({
    ...{ ...common, trustedKeys, targetUrl: pooled, backupId },
    confirm: () => Promise.resolve(),
    saveFirst: () => Promise.resolve("20260101T000000Z-000000"),
  });
  expect(result.backupId).toBe(backupId);
  expect(await contentOf(database.url)).toEqual(before);
}, 90_000);
