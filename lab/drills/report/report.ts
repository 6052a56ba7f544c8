import { z } from "zod";

import { MADE_BY } from "../../../planning/madeBy.ts";
import { RECOVERY_POINT_OBJECTIVES, RECOVERY_TIME_OBJECTIVES } from "../../../planning/objectives.ts";

const objective = z.strictObject({
  kind: z.enum(["RTO", "RPO"]),
  name: z.enum(["database", "application", "all", "code", "configuration"]),
  /** The objective, in milliseconds. */
  limitMs: z.number().int().nonnegative(),
  /** The drill's measurement, in milliseconds. */
  measuredMs: z.number().int().nonnegative(),
  kept: z.boolean(),
  detail: z.string(),
});

const check = z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() });
const phase = z.strictObject({ name: z.string(), durationMs: z.number().nonnegative() });

/** The facts of one drill, as stored in `reports/NAME.json` and shown on the page and the terminal. Times are UTC. */
export const drillReportSchema = z.strictObject({
  formatVersion: z.literal(2),
  scenario: z.string(),
  ok: z.boolean(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  data: z.strictObject({
    rows: z.number().int(),
    tables: z.number().int(),
    tablesBytes: z.number().int(),
  }),
  /** The backup that the recovery began with; not set if it needs none. */
  backup: z
    .strictObject({
      id: z.string(),
      snapshotAt: z.iso.datetime(),
      storedBytes: z.number().int(),
      durationMs: z.number(),
      replicatedAfterMs: z.number(),
    })
    .optional(),
  loss: z.strictObject({ at: z.iso.datetime(), destroyed: z.array(z.string()) }),
  objectives: z.array(objective),
  checks: z.array(check),
  /** Rows written after the backup's snapshot, which no backup can hold. */
  lostRows: z.array(z.strictObject({ table: z.string(), rows: z.number().int() })),
  steps: z.array(z.strictObject({ name: z.string(), startedAt: z.iso.datetime(), durationMs: z.number() })),
  /** The phases of the recovery's own time. */
  recoveryPhases: z.array(phase),
  /** The parts that a stand-in took the place of, and what no drill on one machine can show of them. */
  notTested: z.array(z.strictObject({ part: z.string(), standIn: z.string(), notTested: z.string() })),
  madeBy: MADE_BY,
});

export type DrillReport = z.infer<typeof drillReportSchema>;
export type Objective = DrillReport["objectives"][number];
export type Check = DrillReport["checks"][number];

/** The scenario and the verdict. */
export function headlineOf({ scenario, ok }: Pick<DrillReport, "scenario" | "ok">): string {
  return `${scenario}: ${ok ? "every promise is kept" : "NOT every promise is kept"}`;
}

/** A size in bytes for people: `1.5 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Records the result of a check. */
export type RecordCheck = (name: string, ok: boolean, detail: string) => void;

/** Records results in a list. */
export function recordIn(checks: Check[]): RecordCheck {
  return (name, ok, detail) => void checks.push({ name, ok, detail });
}

/** Whether the drill kept every promise: each check passed and each objective was met. */
export function isKept(report: Pick<DrillReport, "checks" | "objectives">): boolean {
  return (
    report.checks.length > 0 &&
    report.objectives.length > 0 &&
    report.checks.every((one) => one.ok) &&
    report.objectives.every((one) => one.kept)
  );
}

/** A measured recovery time, in milliseconds, with its objective (RTO): docs/objectives.md. */
export function rto(name: keyof typeof RECOVERY_TIME_OBJECTIVES, measuredMs: number, detail: string): Objective {
  return measured("RTO", name, RECOVERY_TIME_OBJECTIVES[name], measuredMs, detail);
}

/** A measured age of recovered data, in milliseconds, with its objective (RPO): docs/objectives.md. */
export function rpo(name: keyof typeof RECOVERY_POINT_OBJECTIVES, measuredMs: number, detail: string): Objective {
  return measured("RPO", name, RECOVERY_POINT_OBJECTIVES[name], measuredMs, detail);
}

function measured(
  kind: Objective["kind"],
  name: Objective["name"],
  limitMs: number,
  measuredMs: number,
  detail: string,
): Objective {
  return { kind, name, limitMs, measuredMs, kept: measuredMs <= limitMs, detail };
}

/** Milliseconds from one instant to another. Throws when they are in the wrong order, because a negative measurement is wrong. */
export function between(from: Date, to: Date): number {
  const ms = to.getTime() - from.getTime();
  if (!(ms >= 0)) throw new Error(`cannot measure from ${from.toISOString()} to ${to.toISOString()}`);
  return ms;
}
