import { platformBackupWarning } from "../../../planning/platformBackups.ts";
import type { Clock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import { COMPLETED, type DatabaseHost, type PlatformBackups } from "../../../services/databaseHost/databaseHost.ts";

/** Supabase's own backups of a project. */
export interface PlatformHoldings extends PlatformBackups {
  ref: string;
  /** A sentence if the newest backup is too old. */
  warning: string | undefined;
}

/** Reads what Supabase holds. UserError if the project does not exist; ServiceError or UnreachableError if Supabase does not answer. */
export async function readPlatformBackups(
  databaseHost: Pick<DatabaseHost, "name" | "project" | "platformBackups">,
  ref: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<PlatformHoldings> {
  const project = await databaseHost.project(ref, signal);
  if (project === undefined) throw new UserError(`${databaseHost.name} has no project ${ref} that this token may see.`);
  const { backups, window } = await databaseHost.platformBackups(ref, signal);
  const warning = platformBackupWarning({
    newestAt: backups.find((backup) => backup.status === COMPLETED)?.takenAt,
    latestInstant: window?.latest,
    projectCreatedAt: new Date(project.createdAt),
    now: clock(),
  });
  return { ref, backups, window, warning };
}
