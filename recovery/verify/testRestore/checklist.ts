import { messageOf } from "../../../services/common/errors.ts";
import { CHECKLIST, type ChecklistItem, type CheckState } from "../../vault/verification.ts";

/** One check of a restored database. */
export interface CheckLine {
  item: ChecklistItem;
  /** What was checked. */
  what: string;
  state: CheckState;
  /** What was done and found, or why it could not be done. */
  detail: string;
}

/** The result of a check. */
export type Finding = Pick<CheckLine, "state" | "detail">;

/** The most differences that one line lists. */
const NAMED = 8;

/** A passed check, with what was done. */
export function fine(detail: string): Finding {
  return { state: "ok", detail };
}

/** A check that could not be made here, and why. */
export function notHere(reason: string): Finding {
  return { state: "not checked", detail: `not checked here: ${reason}` };
}

/** Passed if there are no differences. Otherwise lists the first ones. */
export function unless(differences: readonly string[], detail: string): Finding {
  if (differences.length === 0) return fine(detail);
  const more = differences.length > NAMED ? `; and ${differences.length - NAMED} more` : "";
  return { state: "not ok", detail: differences.slice(0, NAMED).join("; ") + more };
}

/**
 * Makes the checks of an item, by what they check, one after the other. One that throws is "not ok", with the error. An abort is rethrown.
 */
export async function checks(
  item: ChecklistItem,
  signal: AbortSignal,
  works: Readonly<Record<string, () => Finding | Promise<Finding>>>,
): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  for (const [what, work] of Object.entries(works)) {
    try {
      lines.push({ item, what, ...(await work()) });
    } catch (error) {
      signal.throwIfAborted();
      lines.push({ item, what, state: "not ok", detail: messageOf(error) });
    }
  }
  return lines;
}

/** Makes all checks of an item. If they can't be started, the item is "not ok". */
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

/** An item's state by its lines. One line that is "not ok" decides; "partly" if none failed but not all could be made. */
export function stateOf(lines: readonly CheckLine[], item: ChecklistItem): CheckState | "partly" {
  const states = new Set(lines.filter((line) => line.item === item).map((line) => line.state));
  if (states.has("not ok")) return "not ok";
  if (!states.has("ok")) return "not checked";
  return states.has("not checked") ? "partly" : "ok";
}

/** Items without which a restore shows nothing. Each must be "ok", not only free of faults. */
const NEEDED: readonly ChecklistItem[] = CHECKLIST.slice(0, 3);

/** Whether the test restore has passed. */
export function hasPassed(lines: readonly CheckLine[]): boolean {
  return (
    lines.every((line) => line.state !== "not ok") &&
    NEEDED.every((item) => lines.some((line) => line.item === item && line.state === "ok"))
  );
}
