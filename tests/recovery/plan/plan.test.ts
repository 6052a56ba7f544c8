import { describe, expect, it } from "@jest/globals";

import { egressForecast } from "../../../planning/forecast/egress.ts";
import { missedOn } from "../../../planning/retention/schedule.ts";
import { dateOf } from "../../../planning/retention/time.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { daysInYears, plan, type PlanInput } from "../../../recovery/plan/plan.ts";
import { planCalendar } from "../../../recovery/plan/planCalendar.ts";
import { ASSUMPTIONS } from "../../planning/support/assumptions.ts";
import { day, PRIMARY, REPLICA, rulesWith } from "../../planning/support/scenario.ts";

function input(change: Partial<PlanInput> = {}): PlanInput {
  return { primary: PRIMARY, replica: REPLICA, tiers: TIERS, assumptions: ASSUMPTIONS, ...change };
}

describe("plan", () => {
  it("proves and prices both vaults", () => {
    const report = plan(input());
    expect(report.proof.violations).toEqual([]);
    expect(report.costs.map(({ stack }) => stack)).toEqual(["prod", "dr"]);
    expect(report.prices.map(({ name }) => name)).toEqual(["Tokyo", "Osaka"]);
    expect(report.holdings.some(({ stack, tier }) => stack === "dr" && tier === "monthly")).toBe(true);
    expect(report.recovery).toHaveLength(2);
  });

  it("forecasts what the backups read from Supabase, now and after growth", () => {
    const { egress, assumptions } = plan(input());
    const { dumpBytes, storageBytes, readPerDumpByte, growthPerYear, intervalHours, firstDay, onDay } = assumptions;
    expect(egress.start).toEqual(egressForecast(intervalHours, dumpBytes * readPerDumpByte, storageBytes));
    const years = (onDay - firstDay) / 365.25;
    expect(egress.onDay.gbPerRun / egress.start.gbPerRun).toBeCloseTo((1 + growthPerYear) ** years, 9);
  });

  it("stores the storage objects with each backup", () => {
    expect(plan(input()).scenario.workload.dumpBytes).toBe(2 ** 31 + 2 ** 30);
  });

  it("refuses bad rules, all at once", () => {
    const bad = {
      ...PRIMARY,
      region: "eu-west-1",
      rules: rulesWith("weekly", { transitions: [{ days: 3, storageClass: "GLACIER" }] }),
    };
    expect(() => plan(input({ primary: bad }))).toThrow(/no prices for region eu-west-1.*\n.*GLACIER/);
  });

  it("proves nothing for a standby that can't be read, says so, and proves the rest", () => {
    const { proof, costs } = plan(input({ replica: { unreadable: { stack: "dr", why: "its settings are wrong." } } }));
    expect(proof.violations).toHaveLength(1);
    expect(proof.violations[0]!.what).toBe(
      "the rules of dr can't be read, so nothing is proven for the replica: its settings are wrong",
    );
    expect(costs).toHaveLength(1);
    expect(plan(input({ replica: undefined })).proof.violations).toEqual([]);
  });

  it("names a missing replication once, and not as a hundred gaps", () => {
    const { proof } = plan(input({ primary: { ...PRIMARY, replications: [] } }));
    expect(proof.violations.map(({ kind }) => kind)).toEqual(["replica"]);
  });

  it("spans years to the same date", () => {
    expect(dateOf(day("2027-02-28") + daysInYears(day("2027-02-28"), 2))).toBe("2029-02-28");
  });
});

describe("planCalendar", () => {
  const calendar = (from: string, days: number, missed: string[] = []) =>
    planCalendar(TIERS, { firstDay: day(from), days, intervalHours: 6, isMissed: missedOn(new Set(missed.map(day))) });

  it("shows which run opens which tier", () => {
    expect(calendar("2027-02-27", 9).entries.map(({ run, tier, period }) => `${run} ${tier} ${period}`)).toEqual([
      "2027-03-01T02:00Z monthly 2027-03",
    ]);
  });

  it("moves a promotion to the next run that succeeds, and says how late it is", () => {
    const { entries, unopened, missed, runs } = calendar("2027-02-01", 40, ["2027-02-28", "2027-03-01", "2027-03-02"]);
    expect(entries).toContainEqual({ run: "2027-03-03T02:00Z", tier: "monthly", period: "2027-03", lateDays: 2 });
    expect(unopened).toEqual(["2027-02-28", "2027-03-01", "2027-03-02"]);
    expect({ missed, runs }).toEqual({ missed: 12, runs: 160 });
  });

  it("reports when a whole week has no backup", () => {
    const week = Array.from({ length: 7 }, (_, index) => dateOf(day("2027-03-08") + index));
    expect(calendar("2027-03-01", 20, week).unopened).toContain("the week of 2027-03-08");
  });
});
