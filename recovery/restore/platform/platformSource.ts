import { UserError } from "../../../services/common/errors.ts";
import { COMPLETED } from "../../../services/databaseHost/databaseHost.ts";
import type { PlatformHoldings } from "./platformBackups.ts";

/** The wanted state: a daily backup of Supabase's by its id, or an instant by point-in-time recovery. */
export type PlatformChoice = { backupId: number } | { at: Date };

/** What Supabase will restore, and the instant of that state. */
export type PlatformSource = { kind: "daily"; id: number; at: Date } | { kind: "instant"; at: Date };

/** The source in words. */
export function describeSource(source: PlatformSource): string {
  return source.kind === "daily"
    ? `Supabase's backup ${source.id} of ${source.at.toISOString()}`
    : `its state at ${source.at.toISOString()}`;
}

/** Picks the source. UserError, with what there is, for an unknown or unfinished backup, and for an instant out of reach. */
export function choosePlatformSource(holdings: PlatformHoldings, choice: PlatformChoice): PlatformSource {
  const { ref, backups, window } = holdings;
  const usable = backups.filter((backup) => backup.status === COMPLETED && backup.id !== undefined);
  const shown = usable.map(({ id, takenAt }) => `${id ?? ""} of ${takenAt.toISOString()}`).join(", ");
  const there = usable.length === 0 ? "it has none" : `it has ${shown}`;
  if ("backupId" in choice) {
    const named = backups.find((backup) => backup.id === choice.backupId);
    if (named === undefined) throw new UserError(`Supabase has no backup ${choice.backupId} of ${ref}: ${there}.`);
    if (named.status !== COMPLETED)
      throw new UserError(
        `Supabase's backup ${choice.backupId} of ${ref} is ${named.status}, not ${COMPLETED}: ${there}.`,
      );
    return { kind: "daily", id: choice.backupId, at: named.takenAt };
  }
  if (window === undefined) {
    const before = usable.find((backup) => backup.takenAt <= choice.at);
    const instead = before === undefined ? there : `--backup-id ${before.id ?? ""} is the newest before that`;
    throw new UserError(
      `The plan of ${ref} has no point-in-time recovery, so Supabase cannot restore ${choice.at.toISOString()}: ${instead}.`,
    );
  }
  // Supabase's own unit.
  const at = new Date(Math.floor(choice.at.getTime() / 1000) * 1000);
  if (at < window.earliest || at > window.latest) {
    throw new UserError(
      `Supabase can restore ${ref} to any second from ${window.earliest.toISOString()} to ${window.latest.toISOString()}, not to ${at.toISOString()}.`,
    );
  }
  return { kind: "instant", at };
}
