import { beforeAll, expect, it } from "@jest/globals";

import { startPooler } from "../../../../lab/sandbox/pooler/pooler.ts";
import { closeGate, openGate } from "../../../../recovery/gate/writeGate.ts";
import { withSession } from "../../../../recovery/postgres/session/database.ts";
import { forSuite } from "../../../support/suite.ts";
import { startLive } from "../../support/live.ts";
import { contentOf, fillSample } from "../../support/sample.ts";

const live = forSuite(startLive);
const pooler = forSuite(() => startPooler(live.port));
beforeAll(() => fillSample(live.url, 60), 60_000);

it("ends no session of its own behind a pooler that gives every session the same name", async () => {
  const pooled = pooler.through(live.url);
  await withSession(pooled, { applicationName: "castchat-recovery backup" }, async (own) => {
    await withSession(pooled, { applicationName: "castchat-recovery writes stop" }, async (session) => {
      await closeGate(session, { holder: "writes stop", level: "writes" });
      await own.query("select");
      await openGate(session, "writes stop");
    });
  });
}, 60_000);

it("replaces a database behind a pooler that drops names and options", async () => {
  const { backupId } = await live.save();
  const before = await contentOf(live.url);
  await live.query("update public.posts set title = 'wrong'; drop table public.messages cascade");
  const result = await live.replace({ targetUrl: pooler.through(live.url), backupId });
  expect(result.backupId).toBe(backupId);
  expect(await contentOf(live.url)).toEqual(before);
}, 90_000);
