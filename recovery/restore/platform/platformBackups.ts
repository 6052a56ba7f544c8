import { platformBackupWarning } from "../../../planning/platformBackups.ts";
import type { Clock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import type { Supabase } from "../../../services/databaseHost/supabase.ts";
import type { PlatformBackup } from "../../../services/databaseHost/supabaseBackups.ts";

/** The status of a backup that can be restored. */
export const COMPLETED = "COMPLETED";

/** Supabase's own backups of a project, and what is wrong with their age. */
export interface PlatformHoldings {
  ref: string;
  /** Newest first. */
  backups: PlatformBackup[];
  /** Every second of it can be restored; undefined where the plan has no point-in-time recovery. */
  window: { earliest: Date; latest: Date } | undefined;
  /** A sentence. */
  warning: string | undefined;
}

/** Reads what Supabase holds. Throws ServiceError or UnreachableError; UserError for a project that isn't there. */
export async function readPlatformBackups(
  supabase: Pick<Supabase, "project" | "platformBackups">,
  ref: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<PlatformHoldings> {
  const project = await supabase.project(ref, signal);
  if (project === undefined) throw new UserError(`Supabase has no project ${ref} that this token may see.`);
  const { backups, window } = await supabase.platformBackups(ref, signal);
  const warning = platformBackupWarning({
    newestAt: backups.find((backup) => backup.status === COMPLETED)?.takenAt,
    latestInstant: window?.latest,
    projectCreatedAt: new Date(project.createdAt),
    now: clock(),
  });
  return { ref, backups, window, warning };
}
