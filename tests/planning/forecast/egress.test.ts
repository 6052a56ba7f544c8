import { describe, expect, it } from "@jest/globals";

import { egressForecast } from "../../../planning/forecast/egress.ts";

const GB = 1e9;

describe("egressForecast", () => {
  // A mean month has 730.5 hours. 250 GB are included, then $0.09 a GB.
  it.each([
    // [hours, GB a run, GB a month, beyond, dollars, stays within from]
    [6, 2, 243.5, 0, 0, 6],
    [6, 5, 608.75, 358.75, 32.2875, 15],
    [1, 1, 730.5, 480.5, 43.245, 3],
    [12, 0.01, 0.60875, 0, 0, 1],
    [6, 0, 0, 0, 0, 1],
    [24, 10, 304.375, 54.375, 4.89375, 30],
  ])("every %d hours with %d GB a run", (hours, gbPerRun, gbPerMonth, beyondGb, dollars, includedFromHours) => {
    const forecast = egressForecast(hours, gbPerRun * GB, 0);
    expect(forecast).toMatchObject({ gbPerRun, includedGb: 250, includedFromHours });
    expect(forecast.runsPerMonth).toBeCloseTo(730.5 / hours, 9);
    expect(forecast.gbPerMonth).toBeCloseTo(gbPerMonth, 9);
    expect(forecast.beyondGb).toBeCloseTo(beyondGb, 9);
    expect(forecast.dollars).toBeCloseTo(dollars, 9);
  });

  it("counts storage objects, which every run reads again", () => {
    const { gbPerRun, objectsGbPerRun, gbPerMonth, dollars } = egressForecast(6, 2 * GB, 100 * GB);
    expect([gbPerRun, objectsGbPerRun]).toEqual([102, 100]);
    expect(gbPerMonth).toBeCloseTo(102 * 121.75, 9);
    expect(dollars).toBeCloseTo((102 * 121.75 - 250) * 0.09, 9);
  });

  it("stays within the included egress at the interval that it names, but not at an hour less", () => {
    for (const gb of [3, 7.5, 42]) {
      const { includedFromHours: hours } = egressForecast(6, gb * GB, 0);
      expect(egressForecast(hours, gb * GB, 0).dollars).toBe(0);
      expect(egressForecast(hours - 1, gb * GB, 0).dollars).toBeGreaterThan(0);
    }
  });
});
