import { messageOf, UserError } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import { ServiceFailures } from "../../services/http/serviceFailures.ts";
import type { FileFrom } from "./projectPlan.ts";

/** The result for each object ("bucket/path") or function (slug). */
export interface Restored {
  /** Those that were kept, as the app has changed or deleted them since. */
  newer: string[];
  /** Those that the service did not accept or the vault did not return, with the reason. */
  failed: Map<string, string>;
}

/** What failed is tried once again, after all others. */
const ROUNDS = 2;

/**
 * Restores files, `most` at once. A failure affects only its file, and is tried once again. If the service itself fails
 * (serviceFailures.ts), the other files are skipped in that round.
 *
 * @param restore false if the app's own version is kept
 * @throws UserError if the vault can't be reached
 */
export async function restoreEach<T extends FileFrom>(
  files: readonly T[],
  most: number,
  restore: (one: T, signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
): Promise<Restored> {
  const restored: Restored = { newer: [], failed: new Map() };
  let queue = files;
  for (let round = 1; round <= ROUNDS && queue.length > 0; round += 1) {
    restored.failed.clear();
    await restoreOnce(queue, most, restore, restored, signal);
    queue = files.filter(({ file }) => restored.failed.has(file.name));
  }
  return restored;
}

async function restoreOnce<T extends FileFrom>(
  files: readonly T[],
  most: number,
  restore: (one: T, signal: AbortSignal) => Promise<boolean>,
  { newer, failed }: Restored,
  signal: AbortSignal,
): Promise<void> {
  const failures = new ServiceFailures();
  let isDown: string | undefined;
  const work = async (one: T, inner: AbortSignal): Promise<void> => {
    const { name } = one.file;
    if (isDown !== undefined) return void failed.set(name, isDown);
    try {
      if (!(await restore(one, inner))) newer.push(name);
      failures.succeeded();
    } catch (error) {
      inner.throwIfAborted();
      // An error of the vault affects all others too.
      if (error instanceof UserError) throw error;
      failed.set(name, messageOf(error));
      if (!failures.failed(error)) isDown ??= messageOf(error);
    }
  };
  await pool(files, most, work, signal);
}
