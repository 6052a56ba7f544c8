import { RECOVERY_POINT_OBJECTIVES, RECOVERY_TIME_OBJECTIVES } from "../../../planning/objectives.ts";
import type { Objective } from "./report.ts";

/** A measured recovery time, in milliseconds, against the guide's (its section "RTO"). */
export function rto(name: keyof typeof RECOVERY_TIME_OBJECTIVES, measuredMs: number, detail: string): Objective {
  return objective("RTO", name, RECOVERY_TIME_OBJECTIVES[name], measuredMs, detail);
}

/** A measured age of what was recovered, in milliseconds, against the guide's (its section "RPO"). */
export function rpo(name: keyof typeof RECOVERY_POINT_OBJECTIVES, measuredMs: number, detail: string): Objective {
  return objective("RPO", name, RECOVERY_POINT_OBJECTIVES[name], measuredMs, detail);
}

function objective(
  kind: Objective["kind"],
  name: Objective["name"],
  limitMs: number,
  measuredMs: number,
  detail: string,
): Objective {
  return { kind, name, limitMs, measuredMs, kept: measuredMs <= limitMs, detail };
}

/** Milliseconds from one instant to another. Throws when they stand in the wrong order: a measurement that is negative is none. */
export function between(from: Date, to: Date): number {
  const ms = to.getTime() - from.getTime();
  if (!(ms >= 0)) throw new Error(`cannot measure from ${from.toISOString()} to ${to.toISOString()}`);
  return ms;
}
