import { describe, expect, it } from "@jest/globals";

import { periodOf, tierForRun } from "../../planning/calendar.ts";
import { TIERS } from "../../planning/tiers.ts";

const at = (text: string) => new Date(`${text}Z`);
const proven = (tier: string, text: string) => ({ tier, takenAt: at(text) });
const tierAt = (now: string, ...backups: { tier: string; takenAt: Date }[]) => tierForRun(at(now), TIERS, backups).name;

describe("periodOf", () => {
  it.each([
    ["2026-12-31T23:59:59", "2026-W53"],
    ["2027-01-01T00:00:00", "2026-W53"],
    ["2027-01-03T23:59:59", "2026-W53"],
    ["2027-01-04T00:00:00", "2027-W01"],
    ["2024-12-30T00:00:00", "2025-W01"],
    ["2026-01-01T00:00:00", "2026-W01"],
  ])("%s is in %s", (instant, week) => {
    expect(periodOf(at(instant), "isoWeek")).toBe(week);
  });

  it("takes months and years in UTC", () => {
    expect(periodOf(new Date("2027-01-01T08:59:59+09:00"), "month")).toBe("2026-12");
    expect(periodOf(new Date("2027-01-01T08:59:59+09:00"), "year")).toBe("2026");
  });
});

describe("tierForRun", () => {
  it("opens the longest tier in an empty vault", () => {
    expect(tierAt("2026-07-15T02:00:00")).toBe("annual");
  });

  it("continues with daily while the year's backup also fills the month and the week", () => {
    expect(tierAt("2026-07-15T08:00:00", proven("annual", "2026-07-15T02:00:00"))).toBe("daily");
  });

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
    expect(
      tierAt("2026-07-15T08:00:00", proven("annual", "2026-01-01T02:00:00"), proven("weekly", "2026-07-13T02:00:00")),
    ).toBe("monthly");
  });

  it("ignores backups dated in the future", () => {
    expect(tierAt("2026-07-15T08:00:00", proven("annual", "2026-07-15T08:00:01"))).toBe("annual");
  });

  it("refuses tiers if no tier takes every run", () => {
    expect(() => tierForRun(at("2026-07-15T08:00:00"), [], [])).toThrow("no tier");
  });
});
