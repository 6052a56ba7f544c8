import { isDeepStrictEqual } from "node:util";

import { PromiseError } from "../../../services/common/errors.ts";
import type { Reporter } from "../../../services/common/reporter.ts";

/** One field of a write. A secret is never in it. */
export interface FieldChange {
  field: string;
  was: unknown;
  now: unknown;
}

/** One write of a plan. What is compared is in a form of the part's own, and may be secret: only `fields` is shown. */
export interface PlannedWrite {
  readonly action: "create" | "update" | "delete";
  readonly item: string;
  readonly fields: readonly FieldChange[];
  /** The state that the plan has seen, and the one that it wants; undefined where the thing does not exist. */
  readonly seen: unknown;
  readonly wanted: unknown;
  /** The state now. */
  readonly read: (signal: AbortSignal) => Promise<unknown>;
  readonly write: (signal: AbortSignal) => Promise<void>;
}

/** What puts one part of the configuration back: exactly these writes, in this order. */
export interface RestorePlan {
  readonly part: string;
  readonly writes: readonly PlannedWrite[];
  /** What stays as it is although the backup has it otherwise, and why, in sentences. */
  readonly notes: readonly string[];
  /** How many things the part has now. */
  readonly size: number;
}

/** Deletions that need no word of their own: as many, and as large a share of what is there. */
const MOST_DELETES = 10;
const MOST_SHARE = 0.3;

/** Whether a plan deletes so much that it may be of the wrong backup. */
export function deletesMuch({ writes, size }: RestorePlan): boolean {
  const deletes = writes.filter(({ action }) => action === "delete").length;
  return deletes > MOST_DELETES || deletes > MOST_SHARE * size;
}

/**
 * Carries a plan out. Each thing is read again right before its write: one that is as wanted already is passed over, as after an interruption, and one that
 * is no longer as the plan has seen it ends the run.
 *
 * @throws PromiseError, which names the thing and what was done before it
 */
export async function applyPlan({ writes }: RestorePlan, reporter: Reporter, signal: AbortSignal): Promise<number> {
  let done = 0;
  for (const { action, item, seen, wanted, read, write } of writes) {
    signal.throwIfAborted();
    const now = await read(signal);
    if (isDeepStrictEqual(now, wanted)) continue;
    if (!isDeepStrictEqual(now, seen))
      throw new PromiseError(
        `${item} has changed since the plan was made, so it was left as it is. ${done} of ${writes.length} changes were made before. Run the same command again: it plans from what is there now.`,
      );
    await write(signal);
    done += 1;
    reporter(`${DONE[action]} ${item}`);
  }
  return done;
}

const DONE: Readonly<Record<PlannedWrite["action"], string>> = {
  create: "Created",
  update: "Changed",
  delete: "Deleted",
};

/** The fields in which two things differ, sorted. */
export function fieldChanges(
  was: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): FieldChange[] {
  return [...new Set([...Object.keys(was), ...Object.keys(now)])]
    .filter((field) => !isDeepStrictEqual(was[field], now[field]))
    .sort()
    .map((field) => ({ field, was: was[field], now: now[field] }));
}
