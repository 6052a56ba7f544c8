import { describe, expect, it } from "@jest/globals";

import { RECOVERY_POINT_OBJECTIVES, REPLICATION_LAG_MS, worstCaseLossMs } from "../../planning/objectives.ts";
import { hoursOfRate, LONGEST_INTERVAL_HOURS, rateExpression, RUN_LIMIT_MINUTES } from "../../planning/schedule.ts";
import { privateRepositoryArn } from "../../settings/runnerImage.ts";

describe("the schedule", () => {
  it("keeps the loss at 24 hours when a run takes as long as it may, but not at an hour more", () => {
    const rest = { runMs: RUN_LIMIT_MINUTES * 60_000, replicationMs: REPLICATION_LAG_MS };
    const loss = (hours: number) => worstCaseLossMs({ intervalMs: hours * 3_600_000, ...rest });
    expect(LONGEST_INTERVAL_HOURS).toBe(21);
    expect(loss(LONGEST_INTERVAL_HOURS)).toBeLessThanOrEqual(RECOVERY_POINT_OBJECTIVES.database);
    expect(loss(LONGEST_INTERVAL_HOURS + 1)).toBeGreaterThan(RECOVERY_POINT_OBJECTIVES.database);
  });

  it.each([1, 2, 6, 21])("reads back the rate that it writes for %d hours", (hours) =>
    expect(hoursOfRate(rateExpression(hours))).toBe(hours),
  );

  it.each([
    ["rate(30 minutes)", 0.5],
    ["rate(2 days)", 48],
    ["cron(0 2 * * ? *)", undefined],
    ["rate(six hours)", undefined],
    ["at(2026-01-01T00:00:00)", undefined],
  ])("takes %s for %p hours", (expression, hours) => expect(hoursOfRate(expression)).toBe(hours));
});

describe("privateRepositoryArn", () => {
  it.each(["node:24", "public.ecr.aws/x/y:1", "111.dkr.ecr.eu-west-1.amazonaws.com/x:1"])(
    "returns undefined for %s",
    (image) => expect(privateRepositoryArn(image)).toBeUndefined(),
  );
});
