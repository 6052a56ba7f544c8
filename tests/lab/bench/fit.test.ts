import { expect, test } from "@jest/globals";

import { fitLine, largestWithin } from "../../../lab/bench/fit.ts";

const fit = (...points: [megabytes: number, seconds: number][]) =>
  fitLine(points.map(([megabytes, seconds]) => ({ megabytes, seconds })));

test("finds what every run costs and what each megabyte costs", () => {
  const line = fit([100, 3], [1000, 12], [4000, 42]);
  expect(line?.fixedSeconds).toBeCloseTo(2);
  expect(line?.secondsPerMegabyte).toBeCloseTo(0.01);
});

test("needs two sizes, and times that grow with them", () => {
  expect(fit()).toBeUndefined();
  expect(fit([100, 3], [100, 4])).toBeUndefined();
  expect(fit([100, 3], [1000, 2])).toBeUndefined();
});

test("subtracts the fixed part from the time, and ignores a fixed part below zero", () => {
  expect(largestWithin({ fixedSeconds: 800, secondsPerMegabyte: 0.01 }, 1800)).toBeCloseTo(100_000);
  expect(largestWithin({ fixedSeconds: -800, secondsPerMegabyte: 0.01 }, 1800)).toBeCloseTo(180_000);
  expect(largestWithin({ fixedSeconds: 2000, secondsPerMegabyte: 0.01 }, 1800)).toBe(0);
});
