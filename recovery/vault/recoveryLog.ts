import { RECOVERY_LOG_PREFIX } from "../../planning/names.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf } from "../../services/common/errors.ts";
import type { Phase } from "../../services/common/phases.ts";
import type { Vault } from "../../services/vault/vault.ts";

/** One restore, as the log keeps it. */
export interface RecoveryLogEntry {
  /** "restore", "restore of tables", "replacement" or "restore on the platform". */
  what: string;
  restoreId: string;
  /** The application name of its sessions. */
  by: string;
  /** Absent if it ended before a backup was chosen, and if the source is not a backup of the vault. */
  backupId: string | undefined;
  /** What was restored, in words, if it is not a backup of the vault. */
  source?: string | undefined;
  /** The project's ref, or "host:port/database" if the address has none. */
  target: string;
  startedAt: Date;
  phases: readonly Phase[];
  durationMs: number;
  /** Which backups the parts outside the database came from, and what of them is missing (restoredParts.ts). */
  parts?: unknown;
  /** What the operator must know or do: newer backups that were not taken, what is held back, what is missing. */
  notes: readonly string[];
  /** Absent if it ended well. */
  failure?: unknown;
}

/**
 * Appends a restore to the vault's recovery log. A restore never fails because of its log: if the entry cannot be written, the result is a
 * sentence that says so.
 */
export async function appendRecoveryLog(
  vault: Vault,
  clock: Clock,
  entry: RecoveryLogEntry,
): Promise<string | undefined> {
  const { failure, startedAt, ...facts } = entry;
  const interrupted = failure instanceof Error && failure.name === "AbortError";
  const text = {
    format: "castchat-recovery-log",
    formatVersion: 1,
    ...facts,
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    result: failure === undefined ? "done" : interrupted ? "interrupted" : "failed",
    ...(failure === undefined ? {} : { failure: messageOf(failure) }),
  };
  // With milliseconds: the same restore may be started again within a second.
  const at = startedAt.toISOString().replaceAll(/[-:.]/g, "");
  try {
    await vault.put(
      `${RECOVERY_LOG_PREFIX}${at}-${entry.restoreId}.json`,
      Buffer.from(JSON.stringify(text, undefined, 1) + "\n", "utf8"),
      { contentType: "application/json" },
    );
    return undefined;
  } catch (error) {
    return `The recovery log of the vault "${vault.name}" could not be written: ${messageOf(error)}`;
  }
}
