import { describe, expect, it } from "@jest/globals";

import { forSuite } from "../../support/suite.ts";
import { startRoundTrip } from "../support/backingUp.ts";
import { firstDifferences, fullDumpOf } from "../support/peerDump.ts";

const started = forSuite(startRoundTrip);

describe("what stock pg_dump leaves out as well", () => {
  it("does not fail a restore: an invalid index, which the manifest lists", async () => {
    const { database, target } = started;
    await database.query("create table public.twice (a int); insert into public.twice values (1), (1)");
    const broken = database.query("create unique index concurrently twice_once on public.twice (a)");
    await expect(broken).rejects.toThrow("could not create unique index");
    await started.backUp();
    const { leftOut } = await started.manifestOf();
    expect(leftOut.map(({ what }) => what)).toContain("index public.twice_once");
    await started.restoreInto(target.url);
    expect(firstDifferences(fullDumpOf(target.superuserUrl), fullDumpOf(database.superuserUrl))).toEqual([]);
  }, 60_000);
});
