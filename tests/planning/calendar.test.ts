import { describe, expect, it } from "@jest/globals";

import { tierForRun } from "../../planning/calendar.ts";
import { TIERS } from "../../planning/tiers.ts";
import { isSamePeriod } from "./support/period.ts";

const at = (text: string) => new Date(`${text}Z`);
const proven = (tier: string, text: string) => ({ tier, takenAt: at(text) });
const tierAt = (now: string, ...backups: { tier: string; takenAt: Date }[]) => tierForRun(at(now), TIERS, backups).name;

describe("a period of UTC", () => {
  it.each([
    ["2026-12-31T23:59:59", "2027-01-01T00:00:00", true],
    ["2026-12-28T00:00:00", "2027-01-03T23:59:59", true],
    ["2027-01-03T23:59:59", "2027-01-04T00:00:00", false],
    ["2024-12-30T00:00:00", "2025-01-05T23:59:59", true],
    ["2024-12-29T23:59:59", "2024-12-30T00:00:00", false],
    ["2025-12-29T00:00:00", "2026-01-01T00:00:00", true],
    // The first weeks of two years have the same number.
    ["2026-01-01T00:00:00", "2027-01-05T00:00:00", false],
  ])("%s and %s lie in one ISO week: %s", (earlier, later, together) =>
    expect(isSamePeriod(at(earlier), at(later), "isoWeek")).toBe(together),
  );

  it("is a month or a year of UTC whatever the instant's offset", () => {
    const instant = new Date("2027-01-01T08:59:59+09:00");
    for (const period of ["month", "year"] as const) {
      expect(isSamePeriod(at("2026-12-01T00:00:00"), instant, period)).toBe(true);
      expect(isSamePeriod(instant, at("2027-01-01T00:00:00"), period)).toBe(false);
    }
  });
});

describe("tierForRun", () => {
  it("opens the longest tier in an empty vault", () => expect(tierAt("2026-07-15T02:00:00")).toBe("annual"));

  it("continues with daily while the year's backup also fills the month and the week", () =>
    expect(tierAt("2026-07-15T08:00:00", proven("annual", "2026-07-15T02:00:00"))).toBe("daily"));

  it("opens weekly on Monday, monthly on the first, annual on New Year's day", () => {
    const year = proven("annual", "2026-01-01T02:00:00");
    const month = proven("monthly", "2026-07-01T02:00:00");
    expect(tierAt("2026-07-06T00:00:00", year, month)).toBe("weekly");
    expect(tierAt("2026-08-01T00:00:00", year, month)).toBe("monthly");
    expect(tierAt("2027-01-01T00:00:00", year, month)).toBe("annual");
  });

  it("moves a promotion to the next proven run", () => {
    const earlier = [proven("annual", "2026-01-01T02:00:00"), proven("monthly", "2026-06-01T02:00:00")];
    expect(tierAt("2026-07-09T14:00:00", ...earlier)).toBe("monthly");
    expect(tierAt("2026-07-09T20:00:00", ...earlier, proven("monthly", "2026-07-09T14:00:00"))).toBe("daily");
  });

  it("does not let a shorter tier's backup fill a longer tier's period", () => {
    expect(tierAt("2026-07-15T08:00:00", proven("daily", "2026-07-15T02:00:00"))).toBe("annual");
    const earlier = [proven("annual", "2026-01-01T02:00:00"), proven("weekly", "2026-07-13T02:00:00")];
    expect(tierAt("2026-07-15T08:00:00", ...earlier)).toBe("monthly");
  });

  it("ignores backups dated in the future", () =>
    expect(tierAt("2026-07-15T08:00:00", proven("annual", "2026-07-15T08:00:01"))).toBe("annual"));

  it("refuses tiers if no tier takes every run", () =>
    expect(() => tierForRun(at("2026-07-15T08:00:00"), [], [])).toThrow("no tier"));
});
