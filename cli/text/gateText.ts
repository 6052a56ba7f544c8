import type { GateLayer } from "../../recovery/gate/gateRecord.ts";
import { ENGINEER, type GateState } from "../../recovery/gate/writeGate.ts";
import { amount } from "../../services/common/amount.ts";

/** The holder of the gate in words. A replacement closes the gate under its own id. */
export function holderName({ holder }: Pick<GateLayer, "holder">): string {
  return holder === ENGINEER ? `\`${ENGINEER}\`` : `a replacement of the database (restore in-place, ${holder})`;
}

/** What ends a replacement. */
export const NEXT_OF_REPLACEMENT =
  "The replacement allows writes when it ends. If it was interrupted, run the same `castchat-recovery restore in-place` again to continue, or `castchat-recovery restore abandon` to go back.";

const DEPTH = { writes: "", all: "; reading is stopped too" } as const;

/** Whether writes are stopped, by what, and what is left to do. */
export function statusLines(state: GateState): string[] {
  const { layers, olderSessions, authAllowed } = state;
  if (layers.length === 0) return ["Writes are allowed."];
  return [
    ...layers.map(
      (layer) => `Stopped since ${layer.closedAt.toISOString()} by ${holderName(layer)}${DEPTH[layer.level]}.`,
    ),
    ...(authAllowed
      ? ["The auth service may connect and write. To stop it again, run `castchat-recovery writes stop`."]
      : []),
    ...layers.flatMap(interruptionOf),
    ...(olderSessions === 0
      ? []
      : [`${amount(olderSessions, "session")} began before the closing and may still write.`]),
    ...(layers.some(({ holder }) => holder !== ENGINEER) ? [NEXT_OF_REPLACEMENT] : []),
  ];
}

/** Whether a closing or an opening has to be run again. */
export function isUnfinished({ layers, olderSessions }: GateState): boolean {
  return olderSessions > 0 || layers.some((layer) => !layer.sessionsEnded || layer.opening);
}

function interruptionOf({ holder, sessionsEnded, opening }: GateLayer): string[] {
  if (sessionsEnded && !opening) return [];
  const isEngineer = holder === ENGINEER;
  const what = isEngineer
    ? opening
      ? "`writes allow`"
      : "`writes stop`"
    : `the ${opening ? "opening" : "closing"} by the replacement`;
  const left = opening
    ? "sessions that began while writes were stopped may still be read-only"
    : "sessions that began before may not have been ended";
  return [
    `${what[0]?.toUpperCase() ?? ""}${what.slice(1)} is not finished or was interrupted: ${left}.${isEngineer ? ` Run ${what} again.` : ""}`,
  ];
}
