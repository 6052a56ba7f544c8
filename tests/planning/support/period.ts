import { tierForRun } from "../../../planning/calendar.ts";

/** Whether a later run finds the period filled by an earlier backup, and so takes none for it. */
export function isSamePeriod(earlier: Date, later: Date, period: "isoWeek" | "month" | "year"): boolean {
  const tiers = [
    { name: "each", period: "run" },
    { name: "long", period },
  ] as const;
  return tierForRun(later, tiers, [{ tier: "long", takenAt: earlier }]).name === "each";
}
