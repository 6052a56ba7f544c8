import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { after, longestDays, PROMISES } from "../../../planning/proof/promises.ts";
import { prove } from "../../../planning/proof/proof.ts";
import type { Life } from "../../../planning/retention/life.ts";
import { type Scenario, simulate } from "../../../planning/retention/simulation.ts";
import { dateOf } from "../../../planning/retention/time.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { at, day, PRIMARY, REPLICA, rulesWith, scenario } from "../support/scenario.ts";

const keptDaysOf = (name: string) => TIERS.find((tier) => tier.name === name)!.keptDays;

const proofOf = (one: Scenario, withReplica = true) => prove(one, simulate(one), withReplica);
const faultsOf = (one: Scenario) =>
  proofOf(one).violations.map(
    ({ day: on, stack, tier, rule, kind }) => `${dateOf(on)} ${stack} ${tier} ${rule} ${kind}`,
  );
/** Days until a tier's first backup has expired. */
const daysFor = (tier: string) => (tier === "annual" ? 3287 : 900);
const withRules = (id: string, change: Parameters<typeof rulesWith>[1], vault: "primary" | "replica" = "replica") =>
  scenario({
    days: daysFor(id),
    [vault]: { ...(vault === "primary" ? PRIMARY : REPLICA), rules: rulesWith(id, change) },
  });

describe("the proof", () => {
  it("holds for the required retention, wherever in the calendar the system starts", () => {
    for (const from of ["2026-11-23", "2027-12-31", "2028-02-29"]) {
      const proof = proofOf(scenario({ from }));
      expect(proof.violations).toEqual([]);
      expect(proof.coverage).toHaveLength(8);
      for (const { kept, days } of proof.coverage) expect(kept).toBe(days);
    }
  });

  it.each([
    ["daily", 29],
    ["weekly", 91],
    ["monthly", 365],
    ["annual", 1826],
  ])("breaks when %s is kept for a day less", (tier, expireDays) => {
    const [first] = proofOf(withRules(tier, { expireDays })).violations;
    expect(first).toMatchObject({ stack: "dr", tier, rule: tier });
    expect(first!.change).toContain(`instead of ${expireDays} days`);
  });

  it("names the first day, the tier, the rule and the change", () => {
    const [first] = proofOf(withRules("weekly", { expireDays: 60 }, "primary")).violations;
    expect(first).toEqual({
      day: day("2027-01-30"),
      stack: "prod",
      tier: "weekly",
      rule: "weekly",
      kind: "early",
      what: 'the weekly backup of 2026-11-30 expires on 2027-01-30, before it is as old as "weekly backups: 3 months" says',
      change: 'let rule "weekly" keep 92 days instead of 60 days',
    });
  });

  it("reports an uncovered period on the first morning without it", () => {
    const violations = proofOf(withRules("monthly", { expireDays: 200 })).violations;
    const coverage = violations.find(({ kind }) => kind === "coverage");
    expect(coverage).toMatchObject({ stack: "dr", tier: "monthly", rule: "monthly" });
    expect(coverage!.what).toMatch(/begins without a backup of \d{4}-\d{2}, one of the last 12 months/);
  });

  it.each([
    ["a tier is kept too long", "weekly", { expireDays: 95 }, "weekly overstay"],
    ["a tier never expires", "monthly", { expireDays: undefined }, "none overstay"],
    ["hidden versions stay", "daily", { noncurrentDays: undefined }, "daily overstay"],
    ["hidden versions stay too long", "daily", { noncurrentDays: 5 }, "daily overstay"],
    ["lone markers stay", "clean-up", { removesLoneMarkers: false }, "none marker"],
    ["unfinished uploads stay", "clean-up", { abortUploadDays: undefined }, "none upload"],
    ["unfinished uploads stay too long", "clean-up", { abortUploadDays: 7 }, "clean-up upload"],
  ] as const)("breaks when %s", (_, id, change, expected) =>
    expect(faultsOf(withRules(id, change)).some((fault) => fault.endsWith(expected))).toBe(true),
  );

  it("breaks when a lock keeps versions longer than their tier says", () => {
    const tiers = TIERS.map((tier) => (tier.name === "daily" ? { ...tier, lockDays: 40 } : tier));
    expect(faultsOf(scenario({ days: 90, tiers }))).toContain("2026-12-26 prod daily the lock overstay");
  });

  it("breaks without a replica, or when a replica gets only a part", () => {
    const unreplicated = scenario({ days: 400, primary: { ...PRIMARY, replications: [] } });
    expect(faultsOf(unreplicated)[0]).toBe("2026-11-23 prod all tiers replication replica");
    expect(proofOf(unreplicated, false).violations).toEqual([]);
    const part = { ...PRIMARY, replications: [{ ...PRIMARY.replications[0]!, prefix: "daily/" }] };
    const isOfReplica = (fault: string) => fault.includes(" dr ") && fault.includes("replication coverage");
    expect(faultsOf(scenario({ days: 400, primary: part })).every(isOfReplica)).toBe(true);
  });

  it("holds promises to periods, whatever a tier is called", () => {
    const renamed = (days: number) => {
      const tiers = TIERS.map((tier) =>
        tier.name === "weekly" ? { ...tier, name: "week", prefix: "week/", keptDays: days, lockDays: days } : tier,
      );
      const rules = rulesWith("weekly", { id: "week", prefix: "week/", expireDays: days });
      return scenario({ days: 400, tiers, primary: { ...PRIMARY, rules }, replica: { ...REPLICA, rules } });
    };
    expect(proofOf(renamed(92)).violations).toEqual([]);
    const [first] = proofOf(renamed(91)).violations;
    expect(first).toMatchObject({ stack: "prod", tier: "week", rule: "week", kind: "early" });
    expect(first!.what).toContain('before it is as old as "weekly backups: 3 months" says');
  });

  it("holds both vaults to the days of an override", () => {
    const tiers = TIERS.map((tier) => (tier.name === "weekly" ? { ...tier, keptDays: 120, lockDays: 120 } : tier));
    const primary = { ...PRIMARY, rules: rulesWith("weekly", { expireDays: 120 }) };
    const [first] = proofOf(scenario({ days: 200, tiers, primary })).violations;
    expect(first).toMatchObject({ stack: "dr", tier: "weekly", rule: "weekly", kind: "early" });
    expect(first!.what).toContain("before it is as old as its tier says (120 days)");
    const replica = { ...REPLICA, rules: primary.rules };
    expect(proofOf(scenario({ days: 200, tiers, primary, replica })).violations).toEqual([]);
  });

  it("sees what breaks only after the days that it spans", () => {
    const primary = { ...PRIMARY, rules: rulesWith("annual", { expireDays: 1000 }) };
    expect(faultsOf(scenario({ days: 731, primary }))).toEqual(["2029-08-20 prod annual annual early"]);
  });

  it("breaks if backups are not locked, because the runner holds only what it locks", () => {
    const tiers = TIERS.map((tier) => ({ ...tier, lockDays: 0 }));
    const missed = Array.from({ length: 40 }, (_, index) => dateOf(day("2027-01-02") + index));
    const unlocked = scenario({ days: 90, tiers, missed });
    expect(faultsOf(unlocked)).toContain("2026-12-24 prod daily the lock hold");
    const newest = (one: Scenario) => {
      const lives = simulate(one).primary.lives.filter(({ takenAt }) => takenAt < at("2027-01-02T00:00"));
      return lives.at(-1)!.removedAt;
    };
    expect(newest(unlocked)).toBe(at("2027-02-03T00:00"));
    expect(newest(scenario({ days: 90, missed }))).toBe(at("2027-02-12T00:00"));
  });

  it("breaks if the newest backup can't be held", () =>
    expect(faultsOf(scenario({ days: 90, primary: { ...PRIMARY, objectLock: false } }))).toEqual([
      "2026-12-24 prod daily Object Lock hold",
    ]));

  it("breaks if the schedule leaves days without a run", () => {
    const sparse = scenario({ days: 90 });
    const [first] = proofOf({ ...sparse, schedule: { ...sparse.schedule, intervalHours: 36 } }).violations;
    expect(first).toMatchObject({ rule: "the schedule", tier: "daily" });
  });

  it("excuses what no rule can help: periods whose runs all failed, and replicas that come late", () => {
    const missed = ["2027-03-01", "2027-03-02", "2027-12-31", "2028-01-01"];
    const pause = { from: at("2027-05-01T00:00"), to: at("2027-05-04T00:00") };
    const proof = proofOf(scenario({ days: 900, missed, replicationPauses: [pause] }));
    expect(proof.violations).toEqual([]);
    expect(proof.coverage.find(({ stack, tier }) => stack === "prod" && tier === "daily")!.excused).toBe(4);
    expect(proof.coverage.find(({ stack, tier }) => stack === "dr" && tier === "daily")!.excused).toBe(7);
  });

  it("doesn't count the held newest backup as overstaying when runs have stopped", () => {
    const missed = Array.from({ length: 300 }, (_, index) => dateOf(day("2027-04-02") + index));
    expect(proofOf(scenario({ days: 900, missed })).violations).toEqual([]);
  });

  it("holds for any schedule and any outages as long as the rules are long enough", () => {
    const outage = fc.record({ start: fc.integer({ min: 0, max: 700 }), length: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1500 }),
        fc.constantFrom(1, 3, 5, 6, 7, 11, 23),
        fc.integer({ min: 1, max: 300 }),
        fc.array(outage, { maxLength: 4 }),
        (start, intervalHours, runMinutes, outages) => {
          const firstDay = day("2026-01-01") + start;
          const gone = new Set(
            outages.flatMap((one) => Array.from({ length: one.length }, (_, index) => firstDay + one.start + index)),
          );
          const isMissed = (run: number) => gone.has(Math.floor(run / 86_400_000));
          const schedule = { firstDay, days: 800, intervalHours, runMs: runMinutes * 60_000, isMissed };
          expect(proofOf({ ...scenario(), schedule }).violations).toEqual([]);
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);

  it("finds every shorter retention of any tier, and names the right one", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROMISES, ...PROMISES.slice(0, 3)),
        fc.nat(),
        fc.boolean(),
        (promise, random, onReplica) => {
          const needed = keptDaysOf(promise.tier);
          const expireDays = 1 + (random % (needed - 1));
          const [vault, stack] = onReplica ? (["replica", "dr"] as const) : (["primary", "prod"] as const);
          const { violations } = proofOf(withRules(promise.tier, { expireDays }, vault));
          for (const one of violations) expect(one).toMatchObject({ stack, tier: promise.tier, rule: promise.tier });
          expect(violations.find(({ kind }) => kind === "early")!.change).toContain(`keep ${needed} days`);
        },
      ),
      { numRuns: 16 },
    );
  }, 60_000);

  it("agrees with a slow and simple count on random tables of tiers", () => {
    const table = fc.record({
      daily: fc.integer({ min: 1, max: 45 }),
      weekly: fc.integer({ min: 5, max: 120 }),
      monthly: fc.integer({ min: 20, max: 200 }),
      annual: fc.integer({ min: 200, max: 600 }),
    });
    fc.assert(
      fc.property(table, (kept) => {
        const rules = Object.entries(kept).reduce(
          (all, [id, expireDays]) => all.map((one) => (one.id === id ? { ...one, expireDays } : one)),
          [...PRIMARY.rules],
        );
        const one = scenario({ days: 500, primary: { ...PRIMARY, rules } });
        const history = simulate(one);
        const daily = prove(one, history, false).coverage[0]!;
        expect(daily.kept).toBe(slowCount(one, history.primary.lives));
      }),
      { numRuns: 8 },
    );
  }, 60_000);
});

/** Counts, one by one, the days on which each of the last 30 days has a backup that is not hidden. */
function slowCount({ schedule: { firstDay, days } }: Scenario, lives: readonly Life[]): number {
  let kept = 0;
  for (let today = firstDay + 1; today <= firstDay + days; today++) {
    const midnight = today * 86_400_000;
    const there = lives.filter((life) => life.arrivedAt < midnight && life.hiddenAt > midnight);
    const readable = new Set(there.map((life) => Math.floor(life.takenAt / 86_400_000)));
    let all = true;
    for (let back = Math.max(firstDay, today - 30); back < today; back++) all &&= readable.has(back);
    if (all) kept++;
  }
  return kept;
}

describe("the calendar's lengths", () => {
  it("are the longest that the promised periods can mean, and what the tiers keep", () =>
    expect(PROMISES.map(({ keep }) => longestDays(keep))).toEqual(PROMISES.map(({ tier }) => keptDaysOf(tier))));

  it("end in the month that they reach", () => {
    expect(new Date(after(at("2027-11-30T02:00"), { months: 3 })).toISOString()).toBe("2028-02-29T02:00:00.000Z");
    expect(new Date(after(at("2028-02-29T02:00"), { years: 1 })).toISOString()).toBe("2029-02-28T02:00:00.000Z");
    expect(new Date(after(at("2027-12-15T02:00"), { days: 30 })).toISOString()).toBe("2028-01-14T02:00:00.000Z");
  });
});
