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
  /** Name of its sessions in pg_stat_activity. */
  by: string;
  /** Absent where it ended before one was chosen, and where it is none of the vault's. */
  backupId: string | undefined;
  /** Where it is none of the vault's: what it is, in words. */
  source?: string | undefined;
  /** The project's ref, or "host:port/database" where the address tells none. */
  target: string;
  startedAt: Date;
  phases: readonly Phase[];
  durationMs: number;
  /** Where what lies beside the database came from, and what of it is missing (restoredParts.ts). */
  parts?: unknown;
  /** What an operator who was not there has to know or do: newer backups that were not taken, what is held back, what is missing. */
  notes: readonly string[];
  /** Absent for one that ended well. */
  failure?: unknown;
}

/**
 * Appends a restore to the vault's recovery log. No recovery fails for its log: where it can't be written the answer is a
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
  // With its milliseconds: the same restore may be called again within a second.
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
