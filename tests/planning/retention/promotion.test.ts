import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { tierForRun } from "../../../planning/calendar.ts";
import { periodName, periodNumber } from "../../../planning/retention/periods.ts";
import { tierOpener } from "../../../planning/retention/promotion.ts";
import { DAY_MS, dayOf } from "../../../planning/retention/time.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { isSamePeriod } from "../support/period.ts";

const instants = fc.date({ min: new Date("1999-01-01"), max: new Date("2101-01-01"), noInvalidDate: true });

describe("tierOpener", () => {
  it("opens what the runner's own calendar opens, for any successful run and any choice of tiers", () => {
    const tiers = fc.subarray(TIERS.slice(1)).map((longer) => [TIERS[0]!, ...longer]);
    const steps = fc.array(fc.integer({ min: 1, max: 40 * 24 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(tiers, instants, steps, (chosen, first, hours) => {
        const opens = tierOpener(chosen);
        const proven: { tier: string; takenAt: Date }[] = [];
        let now = first.getTime();
        for (const step of hours) {
          const expected = tierForRun(new Date(now), chosen, proven).name;
          expect(chosen[opens(now)]!.name).toBe(expected);
          proven.push({ tier: expected, takenAt: new Date(now) });
          now += step * 3_600_000;
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("periodNumber", () => {
  it("changes exactly when the calendar's period changes, by one", () => {
    fc.assert(
      fc.property(instants, fc.constantFrom(...(["isoWeek", "month", "year"] as const)), (instant, period) => {
        const today = dayOf(instant.getTime());
        const isSame = isSamePeriod(new Date(today * DAY_MS), new Date((today + 1) * DAY_MS), period);
        expect(periodNumber(today + 1, period) - periodNumber(today, period)).toBe(isSame ? 0 : 1);
      }),
    );
  });

  it.each([
    ["day", "2028-02-29", "2028-02-29"],
    ["isoWeek", "2027-01-03", "the week of 2026-12-28"],
    ["isoWeek", "2027-01-04", "the week of 2027-01-04"],
    ["month", "2027-12-31", "2027-12"],
    ["year", "2027-12-31", "2027"],
  ] as const)("names the %s of %s", (period, date, name) =>
    expect(periodName(periodNumber(dayOf(Date.parse(date)), period), period)).toBe(name),
  );
});
