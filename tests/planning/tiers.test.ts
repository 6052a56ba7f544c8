import { describe, expect, it } from "@jest/globals";

import { faultsOfOverrides, leastKeptDays, TIERS, tiersWith } from "../../planning/tiers.ts";
import { decade } from "../support/decade.ts";

const MIN_DAYS_IN_CLASS = { STANDARD_IA: 30, GLACIER_IR: 90 } as const;

describe("TIERS", () => {
  it("keeps each tier for the longest that the calendar makes of the required period", () =>
    expect(TIERS.map(({ name, keptDays }) => [name, keptDays])).toEqual([
      ["daily", 30],
      ["weekly", 92],
      ["monthly", 366],
      ["annual", 1827],
    ]));

  it.each(TIERS)("$name covers the required period from every day of twelve years", ({ name, keptDays }) => {
    const later: Record<string, (from: Date) => Date> = {
      daily: (from) => shifted(from, 0, 0, 30),
      weekly: (from) => shifted(from, 0, 3, 0),
      monthly: (from) => shifted(from, 1, 0, 0),
      annual: (from) => shifted(from, 5, 0, 0),
    };
    for (let day = 0; day < 12 * 366; day++) {
      const from = new Date(Date.UTC(2024, 0, 1 + day));
      const promised = (later[name]!(from).getTime() - from.getTime()) / 86_400_000;
      expect(keptDays).toBeGreaterThanOrEqual(promised);
    }
  });

  it.each(TIERS)("$name has a prefix of its own name and is never locked for longer than it is kept", (tier) => {
    expect(tier.prefix).toBe(`${tier.name}/`);
    expect(tier.lockDays).toBeGreaterThan(0);
    expect(tier.lockDays).toBeLessThanOrEqual(tier.keptDays);
  });

  it.each(TIERS.filter(({ transition }) => transition))(
    "$name stays in its colder class for the minimum charge",
    (tier) => {
      const { afterDays, storageClass } = tier.transition!;
      expect(afterDays).toBeGreaterThanOrEqual(30);
      expect(tier.keptDays - afterDays).toBeGreaterThanOrEqual(MIN_DAYS_IN_CLASS[storageClass]);
    },
  );
});

describe("faultsOfOverrides", () => {
  it.each(TIERS)("accepts the required days in $name, and a day more", (one) => {
    expect(faultsOfOverrides({ [one.name]: leastKeptDays(one) })).toEqual([]);
    expect(faultsOfOverrides({ [one.name]: leastKeptDays(one) + 1 })).toEqual([]);
  });

  it("takes a further tier's minimum from its own line", () => {
    const tiers = [...TIERS, decade()];
    expect(faultsOfOverrides({ decade: 3652 }, tiers)).toEqual([
      "decade keeps 3652 days, but docs/objectives.md requires at least 3653",
    ]);
  });

  it("names every tier that is a day too short", () =>
    expect(faultsOfOverrides({ daily: 29, weekly: 91, monthly: 365, annual: 1826 })).toEqual([
      "daily keeps 29 days, but docs/objectives.md requires at least 30",
      "weekly keeps 91 days, but docs/objectives.md requires at least 92",
      "monthly keeps 365 days, but docs/objectives.md requires at least 366",
      "annual keeps 1826 days, but docs/objectives.md requires at least 1827",
    ]));
});

describe("tiersWith", () => {
  it("keeps and locks an overridden tier for longer, and leaves the others as they are", () => {
    const [daily, ...others] = tiersWith({ daily: 45 });
    expect(daily).toEqual({ name: "daily", prefix: "daily/", keptDays: 45, lockDays: 45, period: "run" });
    expect(others).toEqual(TIERS.slice(1));
  });
});

/** Calendar arithmetic that clamps to a month's last day, as people do. */
function shifted(from: Date, years: number, months: number, days: number): Date {
  const year = from.getUTCFullYear() + years;
  const month = from.getUTCMonth() + months;
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(from.getUTCDate(), last) + days));
}
