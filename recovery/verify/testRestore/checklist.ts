import { messageOf } from "../../../services/common/errors.ts";
import { CHECKLIST, type ChecklistItem, type CheckState } from "../../vault/verification.ts";

/** One check of a restored database. */
export interface CheckLine {
  item: ChecklistItem;
  /** What was looked at. */
  what: string;
  state: CheckState;
  /** What was really done and found; or why it could not be. */
  detail: string;
}

/** What a check says of itself. */
export type Finding = Pick<CheckLine, "state" | "detail">;

/** How many differences one line names. */
const NAMED = 8;

/** Nothing is wrong: what was done. */
export function fine(detail: string): Finding {
  return { state: "ok", detail };
}

/** It could not be done here, and why. */
export function notHere(reason: string): Finding {
  return { state: "not checked", detail: `not checked here: ${reason}` };
}

/** Fine where there are no differences; otherwise names the first ones. */
export function unless(differences: readonly string[], detail: string): Finding {
  if (differences.length === 0) return fine(detail);
  const more = differences.length > NAMED ? `; and ${differences.length - NAMED} more` : "";
  return { state: "not ok", detail: differences.slice(0, NAMED).join("; ") + more };
}

/** Makes a check. One that fails on the way is not ok, with what failed; an abort is no finding. */
export async function check(
  item: ChecklistItem,
  what: string,
  signal: AbortSignal,
  work: () => Promise<Finding>,
): Promise<CheckLine> {
  try {
    return { item, what, ...(await work()) };
  } catch (error) {
    signal.throwIfAborted();
    return { item, what, state: "not ok", detail: messageOf(error) };
  }
}

/** Makes all checks of an item. Where they can't even be begun, the item is not ok. */
export async function checkAll(
  item: ChecklistItem,
  signal: AbortSignal,
  work: () => Promise<CheckLine[]>,
): Promise<CheckLine[]> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    return [{ item, what: "everything", state: "not ok", detail: messageOf(error) }];
  }
}

/** An item's state by its lines: one that is not ok decides; "partly" where all is well but not everything could be checked. */
export function stateOf(lines: readonly CheckLine[], item: ChecklistItem): CheckState | "partly" {
  const states = new Set(lines.filter((line) => line.item === item).map((line) => line.state));
  if (states.has("not ok")) return "not ok";
  if (!states.has("ok")) return "not checked";
  return states.has("not checked") ? "partly" : "ok";
}

/** Items without which a restore has shown nothing: each must be ok, not only free of faults. */
const NEEDED: readonly ChecklistItem[] = CHECKLIST.slice(0, 3);

/** Whether the test restore has passed. */
export function hasPassed(lines: readonly CheckLine[]): boolean {
  return (
    lines.every((line) => line.state !== "not ok") &&
    NEEDED.every((item) => lines.some((line) => line.item === item && line.state === "ok"))
  );
}
