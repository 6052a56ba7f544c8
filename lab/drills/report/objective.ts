import { RECOVERY_POINT_OBJECTIVES, RECOVERY_TIME_OBJECTIVES } from "../../../planning/objectives.ts";
import type { Objective } from "./report.ts";

/** A measured recovery time, in milliseconds, with its objective (RTO): docs/objectives.md. */
export function rto(name: keyof typeof RECOVERY_TIME_OBJECTIVES, measuredMs: number, detail: string): Objective {
  return objective("RTO", name, RECOVERY_TIME_OBJECTIVES[name], measuredMs, detail);
}

/** A measured age of recovered data, in milliseconds, with its objective (RPO): docs/objectives.md. */
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

/** Milliseconds from one instant to another. Throws when they are in the wrong order, because a negative measurement is wrong. */
export function between(from: Date, to: Date): number {
  const ms = to.getTime() - from.getTime();
  if (!(ms >= 0)) throw new Error(`cannot measure from ${from.toISOString()} to ${to.toISOString()}`);
  return ms;
}
