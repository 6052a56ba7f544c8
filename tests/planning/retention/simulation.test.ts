import { describe, expect, it } from "@jest/globals";

import { simulate } from "../../../planning/retention/simulation.ts";
import { dateOf, dayNamed, dayOf } from "../../../planning/retention/time.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { at, PRIMARY, REPLICA, scenario } from "../support/scenario.ts";

const opened = (tier: string, history: ReturnType<typeof simulate>) =>
  history.runs
    .filter((run) => run.tier !== undefined && TIERS[run.tier]!.name === tier)
    .map(({ startedAt }) => dateOf(dayOf(startedAt)));

describe("simulate", () => {
  it("opens months and years on their first day, weeks on Mondays, across a year's end and a leap day", () => {
    const history = simulate(scenario({ from: "2027-12-20", days: 80 }));
    expect(opened("annual", history)).toEqual(["2027-12-20", "2028-01-01"]);
    expect(opened("monthly", history)).toEqual(["2028-02-01", "2028-03-01"]);
    expect(opened("weekly", history)).toEqual([
      ...["2027-12-27", "2028-01-03", "2028-01-10", "2028-01-17", "2028-01-24", "2028-01-31"],
      ...["2028-02-07", "2028-02-14", "2028-02-21", "2028-02-28", "2028-03-06"],
    ]);
    expect(opened("daily", history)).toContain("2028-02-29");
  });

  it("moves a promotion past missed runs", () => {
    const history = simulate(scenario({ from: "2027-12-20", days: 40, missed: ["2028-01-01", "2028-01-02"] }));
    expect(opened("annual", history)).toEqual(["2027-12-20", "2028-01-03"]);
    expect(history.runs.filter(({ tier }) => tier === undefined)).toHaveLength(8);
  });

  it("holds each backup until the next is proven, and the newest for ever", () => {
    const { lives } = simulate(scenario({ days: 2, missed: ["2026-11-24"] })).primary;
    const held = lives.map(({ heldUntil }) => heldUntil).slice(0, 2);
    expect(held).toEqual([at("2026-11-23T08:10"), at("2026-11-23T14:10")]);
    expect(lives.at(-1)!.heldUntil).toBe(Infinity);
  });

  it("replicates only what a rule names, after the lag, and after a pause", () => {
    const narrow = { ...PRIMARY, replications: [{ ...PRIMARY.replications[0]!, prefix: "daily/" }] };
    const paused = [{ from: at("2026-11-23T12:00"), to: at("2026-11-25T12:00") }];
    const { primary, replica } = simulate(scenario({ days: 3, primary: narrow, replicationPauses: paused }));
    expect(primary.lives).toHaveLength(12);
    expect(replica!.lives.map(({ arrivedAt }) => new Date(arrivedAt).toISOString().slice(5, 16))).toEqual([
      ...["11-23T08:25", ...Array<string>(8).fill("11-25T12:00"), "11-25T14:25", "11-25T20:25"],
    ]);
  });

  it("replicates nothing to a bucket that isn't the standby's", () =>
    expect(simulate(scenario({ days: 3, replica: { ...REPLICA, bucket: "other" } })).replica!.lives).toEqual([]));

  it("locks by the tier, or by the bucket's default if the writer sets no lock", () => {
    const unlocked = TIERS.map((tier) => ({ ...tier, lockDays: 0 }));
    const [first] = simulate(scenario({ days: 1, tiers: unlocked, primary: { ...PRIMARY, defaultLockDays: 7 } }))
      .primary.lives;
    expect(first!.lockedUntil).toBe(at("2026-11-30T02:00"));
  });

  it("grows backups by the year", () => {
    const { lives } = simulate(scenario({ days: 366, workload: { dumpBytes: 1000, growthPerYear: 0.5 } })).primary;
    expect(lives[0]!.bytes).toBeCloseTo(1000, 0);
    expect(lives.at(-1)!.bytes).toBeCloseTo(1500, -1);
  });
});

describe("dayNamed", () => {
  it("refuses days that don't exist in the calendar", () => {
    expect(["2027-02-29", "2027-13-01", "27-1-1", "tomorrow"].map(dayNamed)).toEqual(Array(4).fill(undefined));
    expect(dateOf(dayNamed("2028-02-29")!)).toBe("2028-02-29");
  });
});
