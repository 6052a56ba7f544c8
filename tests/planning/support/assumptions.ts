import type { Assumptions } from "../../../recovery/plan/plan.ts";
import { day } from "./scenario.ts";

/** Two GB a backup and one of storage objects, four runs a day, for a year. */
export const ASSUMPTIONS: Assumptions = {
  firstDay: day("2026-11-23"),
  years: 1,
  intervalHours: 6,
  runMinutes: 10,
  dumpBytes: 2 ** 31,
  storageBytes: 2 ** 30,
  storageObjectBytes: 500 * 1024,
  growthPerYear: 0,
  readPerDumpByte: 2.5,
  missedDays: new Set<number>(),
  readBackOverInternet: true,
  recovery: { databaseSize: "large", hours: 24 },
  onDay: day("2027-06-01"),
};
