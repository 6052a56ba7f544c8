import { afterAll, beforeAll, expect, it } from "@jest/globals";

import { applySchema, fill } from "../../../../lab/sandbox/sample/database.ts";
import { closeGate, openGate } from "../../../../recovery/gate/writeGate.ts";
import { withSession } from "../../../../recovery/postgres/session/database.ts";
import { replace } from "../../../../recovery/restore/inPlace/replace.ts";
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
  const { database } = started;
  const { backupId } = await started.backUp(database.url);
  const before = await contentOf(database.url);
  await runSql(database.url, "update public.posts set title = 'wrong'; drop table public.messages cascade");
  const result = await replace(started.replacing(pooled, { backupId }));
  expect(result.backupId).toBe(backupId);
  expect(await contentOf(database.url)).toEqual(before);
}, 90_000);
