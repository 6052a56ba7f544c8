import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { type RoundTrip, startRoundTrip } from "../support/backingUp.ts";
import { firstDifferences, fullDumpOf } from "../support/peerDump.ts";
import { runSql } from "../support/sample.ts";

let started: RoundTrip;
beforeAll(async () => {
  started = await startRoundTrip();
}, 60_000);
afterAll(() => started.stop());

describe("what stock pg_dump leaves out as well", () => {
  it("does not fail a restore: an invalid index, which the manifest lists", async () => {
    const { database, vault, target } = started;
    await runSql(database.url, "create table public.twice (a int); insert into public.twice values (1), (1)");
    const broken = runSql(database.url, "create unique index concurrently twice_once on public.twice (a)");
    await expect(broken).rejects.toThrow("could not create unique index");
    await started.backUp(vault);
    const { leftOut } = await started.manifestOf(vault);
    expect(leftOut.map(({ what }) => what)).toContain("index public.twice_once");
    await started.restoreInto(target.url, vault);
    expect(firstDifferences(fullDumpOf(target.superuserUrl), fullDumpOf(database.superuserUrl))).toEqual([]);
  }, 60_000);
});
