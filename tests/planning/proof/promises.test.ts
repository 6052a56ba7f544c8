import { describe, expect, it } from "@jest/globals";

import { PROMISES, promisesFor } from "../../../planning/proof/promises.ts";
import { TIERS } from "../../../planning/tiers.ts";

describe("promisesFor", () => {
  it("is that of docs/objectives.md for the shipped tiers", () => expect(promisesFor(TIERS)).toEqual(PROMISES));

  it.each([
    [
      { name: "hourly", period: "run", keptDays: 3 },
      { tier: "hourly", period: "day", count: 3, keep: { days: 3 } },
    ],
    [
      { name: "biweekly", period: "isoWeek", keptDays: 59 },
      { tier: "biweekly", period: "isoWeek", count: 8, keep: { days: 59 } },
    ],
    [
      { name: "decade", period: "year", keptDays: 3660 },
      { tier: "decade", period: "year", count: 10, keep: { days: 3660 } },
    ],
  ] as const)("derives a promise from a further tier's own line: %j", (tier, promise) =>
    expect(promisesFor([...TIERS, tier]).at(-1)).toMatchObject(promise),
  );
});
