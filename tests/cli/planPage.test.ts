import { describe, expect, it } from "@jest/globals";

import { dollars } from "../../cli/plan/dollars.ts";
import { planFacts } from "../../cli/plan/planFacts.ts";
import { planLines } from "../../cli/plan/planLines.ts";
import { planPage } from "../../cli/plan/planPage.ts";
import { storedByDay } from "../../cli/plan/storedByDay.ts";
import { planSummary } from "../../cli/plan/summary.ts";
import { totalOf } from "../../planning/forecast/bill.ts";
import { holdingsAt } from "../../planning/forecast/census.ts";
import { GB } from "../../planning/forecast/costs.ts";
import { DAY_MS } from "../../planning/retention/time.ts";
import { TIERS } from "../../planning/tiers.ts";
import { plan, type PlanReport } from "../../recovery/plan/plan.ts";
import { day, PRIMARY, REPLICA, rulesWith } from "../planning/support/scenario.ts";
import { MADE_BY_TEST } from "../support/madeBy.ts";

const report = (rules = PRIMARY.rules, years = 9, replicaRules = REPLICA.rules): PlanReport =>
  plan({
    primary: { ...PRIMARY, rules },
    replica: { ...REPLICA, stack: "dr<b>", rules: replicaRules },
    tiers: TIERS,
    assumptions: {
      firstDay: day("2026-11-23"),
      years,
      intervalHours: 6,
      runMinutes: 10,
      onDay: day("2027-10-31"),
      dumpBytes: 2 * GB,
      storageBytes: 3 * GB,
      storageObjectBytes: 4 * 1024 * 1024,
      growthPerYear: 0,
      readPerDumpByte: 2.5,
      missedDays: new Set([day("2027-01-01")]),
      readBackOverInternet: true,
      recovery: { databaseSize: "large", hours: 24 },
    },
  });
const good = report();
const bad = report(rulesWith("weekly", { expireDays: 92, noncurrentDays: 9 }));

describe("planPage", () => {
  it("is one page that needs no network, with charts, and escapes names", () => {
    const page = planPage(good, MADE_BY_TEST);
    expect(page).not.toMatch(/https?:\/\/|<script|<link|<img|url\(/);
    // One calendar and two charts for both vaults, as they are alike, and the costs.
    expect(page.match(/<svg /g)).toHaveLength(1 + 2 + 1);
    const longer = rulesWith("daily", { expireDays: 31 });
    expect(planPage(report(PRIMARY.rules, 1, longer), MADE_BY_TEST).match(/<svg /g)).toHaveLength(2 + 4 + 1);
    expect(page).toContain("Every promise is kept on every day");
    expect(page).toContain("dr&lt;b&gt;");
    expect(page).not.toContain("dr<b>");
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("is for phones, dark screens and paper, and says what has made it and what was not tested", () => {
    const page = planPage(good, MADE_BY_TEST);
    for (const part of ["(max-width:600px)", "(prefers-color-scheme:dark)", "@media print", "width=device-width"])
      expect(page).toContain(part);
    expect(page).toContain("castchat-recovery 0.1.0, commit c0ffee, with uncommitted changes");
    expect(page).toMatch(/What was not tested.*data-label="So not tested"/s);
    // A colour that no scheme changes would be lost on one of the grounds.
    expect(page.split("</style>")[1]).not.toMatch(/(fill|stroke)="(#000|#555|black)"/);
  });

  it("shows a square for each day that has a backup", () => {
    const end = (day("2027-10-31") + 1) * DAY_MS;
    const lives = good.history.primary.lives.filter((life) => life.arrivedAt < end && life.removedAt >= end);
    const there = new Set(lives.map(({ takenAt }) => Math.floor(takenAt / DAY_MS)));
    const [, section = ""] = planPage(good, MADE_BY_TEST).split("What exists in prod");
    expect(section.split("</section>")[0]!.match(/<rect /g)).toHaveLength(there.size);
  });

  it("begins with what a manager asks", () => {
    const [, section = ""] = planPage(good, MADE_BY_TEST).split("For a manager");
    for (const part of ["This month (2026-11", "The first year (12 months", "Most of it is", "Not included"])
      expect(section.split("</section>")[0]).toContain(part);
  });

  it("makes no check mark for a promise that is longer than its years", () => {
    const short = report(PRIMARY.rules, 1);
    const words = "annual backups: 5 years";
    expect(planPage(short, MADE_BY_TEST)).toContain(`No promise is broken, but too few years for: `);
    expect(planPage(short, MADE_BY_TEST)).not.toContain("Every promise is kept");
    const lines = planLines(short).join(" ");
    expect(lines).not.toContain("✓");
    expect(lines).toContain("they are too few to show all of:");
    expect(lines).toMatch(/365 of 365 days, 1,827 needed/);
    expect(lines).toContain("--years 6");
    expect(planFacts(short)).toMatchObject({ kept: false, unproven: expect.arrayContaining([words]) as unknown });
    expect(planFacts(good)).toMatchObject({ kept: true, unproven: [] });
  });

  it("reports a broken promise", () => expect(planPage(bad, MADE_BY_TEST)).toContain("NOT every promise is kept"));
});

describe("planLines", () => {
  it("names the first violation with day, tier, rule and change", () => {
    const lines = planLines(bad).join("\n");
    expect(lines).toContain("✗ NOT every promise is kept. The first violation:");
    expect(lines).toMatch(
      /2027-\d\d-\d\d, prod, tier weekly, rule weekly: the weekly backup of .* Change: let rule "weekly" remove noncurrent versions after 1 day instead of 9 days\./,
    );
  });

  it("shows proof, forecast, costs, comparison and recovery", () => {
    const lines = planLines(good).join("\n").replaceAll(/\n +/g, " ");
    for (const part of [
      "✓ Every promise is kept",
      "weekly backups: 3 months",
      "Stored at the end of 2027-10-31",
      "replication time control",
      "With everything in STANDARD",
      "The next cheaper legal choice",
      "A recovery on 2027-10-31",
      "Supabase egress of 122 runs a month, with 250 GB",
      "5.4 GB of rows and 3.2 GB of storage objects",
      "Tokyo (2025-06-01)",
      "4 of them missed",
    ])
      expect(lines).toContain(part);
  });
});

describe("planSummary", () => {
  it("adds up the months that it names", () => {
    const answers = Object.fromEntries(planSummary(good).map(({ what, answer }) => [what.split(" (")[0]!, answer]));
    const months = (from: number, to: number) =>
      good.costs.reduce(
        (sum, vault) => sum + vault.months.slice(from, to).reduce((all, _, at) => all + totalOf(vault, from + at), 0),
        0,
      );
    expect(answers["This month"]).toBe(dollars(months(0, 1)));
    expect(answers["The first year"]).toBe(`${dollars(months(1, 13))}, ${dollars(months(1, 13) / 12)} a month`);
    expect(answers["Most of it is"]).toMatch(/^[^,]+ \d+ %, [^,]+ \d+ %, [^,]+ \d+ %$/);
  });

  it("fits into 100 columns, as all of the text does", () => {
    for (const line of planLines(good).join("\n").split("\n")) expect(line.length).toBeLessThanOrEqual(108);
  });
});

describe("planFacts", () => {
  it("contains the same facts for programs, as plain JSON", () => {
    const facts = JSON.parse(JSON.stringify(planFacts(bad))) as {
      kept: boolean;
      violations: { day: string; rule: string }[];
      total: number;
      costs: { total: number; months: { total: number }[] }[];
    };
    expect(facts.kept).toBe(false);
    expect(facts.violations[0]).toMatchObject({ rule: "weekly" });
    expect(facts.violations[0]!.day).toMatch(/^2027-/);
    const totals = facts.costs.flatMap(({ months }) => months.map(({ total }) => total));
    const sum = totals.reduce((all, one) => all + one, 0);
    expect(sum).toBeCloseTo(facts.total, 6);
  });
});

describe("storedByDay", () => {
  it("agrees with the census on any day", () => {
    const stored = storedByDay(good.history.primary, good.scenario.schedule, TIERS.length);
    for (const on of ["2026-11-23", "2027-03-01", "2027-11-01"]) {
      const holdings = holdingsAt(good.history.primary, TIERS, (day(on) + 1) * DAY_MS - 1);
      for (const [index, { name }] of TIERS.entries()) {
        const expected = holdings.filter(({ tier }) => tier === name).reduce((sum, { bytes }) => sum + bytes / GB, 0);
        expect(stored.byTier[index]![day(on) - good.scenario.schedule.firstDay]).toBeCloseTo(expected, 4);
      }
    }
  });
});
