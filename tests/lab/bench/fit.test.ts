import { expect, test } from "@jest/globals";

import { fitLine, largestWithin } from "../../../lab/bench/fit.ts";

test("finds what every run costs and what each megabyte costs", () => {
  const line = fitLine([
    { megabytes: 100, seconds: 3 },
    { megabytes: 1000, seconds: 12 },
    { megabytes: 4000, seconds: 42 },
  ]);
  expect(line?.fixedSeconds).toBeCloseTo(2);
  expect(line?.secondsPerMegabyte).toBeCloseTo(0.01);
});

test("needs two sizes, and times that grow with them", () => {
  expect(fitLine([])).toBeUndefined();
  expect(
    fitLine([
      { megabytes: 100, seconds: 3 },
      { megabytes: 100, seconds: 4 },
    ]),
  ).toBeUndefined();
  expect(
    fitLine([
      { megabytes: 100, seconds: 3 },
      { megabytes: 1000, seconds: 2 },
    ]),
  ).toBeUndefined();
});

test("subtracts the fixed part from the time, and ignores a fixed part below zero", () => {
  expect(largestWithin({ fixedSeconds: 800, secondsPerMegabyte: 0.01 }, 1800)).toBeCloseTo(100_000);
  expect(largestWithin({ fixedSeconds: -800, secondsPerMegabyte: 0.01 }, 1800)).toBeCloseTo(180_000);
  expect(largestWithin({ fixedSeconds: 2000, secondsPerMegabyte: 0.01 }, 1800)).toBe(0);
});
