import { describe, expect, it } from "@jest/globals";

import {
  longestIntervalHours,
  RECOVERY_POINT_OBJECTIVES,
  REPLICATION_LAG_MS,
  worstCaseLossMs,
} from "../../planning/objectives.ts";

const HOUR = 3_600_000;

describe("worstCaseLossMs", () => {
  it("adds interval, run and replication", () =>
    expect(worstCaseLossMs({ intervalMs: 6 * HOUR, runMs: 600_000, replicationMs: 900_000 })).toBe(23_100_000));

  it("shows that a run a day misses 24 hours and one every 6 hours keeps them", () => {
    const rest = { runMs: 60_000, replicationMs: REPLICATION_LAG_MS };
    expect(worstCaseLossMs({ intervalMs: 24 * HOUR, ...rest })).toBeGreaterThan(RECOVERY_POINT_OBJECTIVES.database);
    expect(worstCaseLossMs({ intervalMs: 6 * HOUR, ...rest })).toBeLessThan(RECOVERY_POINT_OBJECTIVES.database);
  });
});

describe("longestIntervalHours", () => {
  it("is the longest that keeps the objective", () => {
    const hours = longestIntervalHours(24 * HOUR, 600_000);
    expect(hours).toBe(23);
    expect(
      worstCaseLossMs({ intervalMs: hours * HOUR, runMs: 600_000, replicationMs: REPLICATION_LAG_MS }),
    ).toBeLessThanOrEqual(24 * HOUR);
  });

  it("is 0 if no interval keeps it", () => expect(longestIntervalHours(10 * 60_000, 600_000)).toBe(0));
});
