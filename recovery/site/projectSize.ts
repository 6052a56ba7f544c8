import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { DatabaseHost, ProjectSize } from "../../services/databaseHost/databaseHost.ts";
import { ServiceError, UnreachableError } from "../../services/http/http.ts";
import type { Manifest } from "../vault/manifest.ts";
import { type ReadyPorts, untilHealthy } from "./projectReady.ts";

const GB = 1e9;
/** Tables with their indexes, the space that rows and indexes take while they are made, and the log, compared with the rows as text. */
const ROOM_FOR_ROWS = 2.5;
/**
 * Supabase makes a database read-only when its disk is 95 percent full
 * (https://supabase.com/docs/guides/platform/database-size#read-only-mode).
 */
const USABLE = 0.9;

/** Which project is made to fit, and for which backup. */
export interface FitProjectOptions {
  ref: string;
  manifest: Pick<Manifest, "backupId" | "machine" | "tables">;
  signal: AbortSignal;
  reporter: Reporter;
}

/**
 * Gives an empty project the compute and disk that the backup's source had, as far as the organization may have them. A new project has the
 * smallest. Returns what the host refused, in sentences. Can be run again.
 *
 * @throws UserError if the rows do not fit on the disk that it has
 */
export async function fitProject(
  ports: ReadyPorts,
  { ref, manifest, signal, reporter }: FitProjectOptions,
): Promise<string[]> {
  const { databaseHost } = ports;
  const host = databaseHost.name;
  const now = await attempt(signal, () => databaseHost.size(ref, signal));
  if ("refusal" in now)
    return [`The size of ${host} project ${ref} could not be compared with the primary's: ${now.refusal}`];
  const notes: string[] = [];
  const { compute, diskGb } = manifest.machine ?? {};
  const { compute: has } = now.done;
  if (compute !== undefined && has !== undefined && databaseHost.isLarger(compute, has)) {
    reporter(`giving ${host} project ${ref} the primary's compute size: ${compute} instead of ${has}`);
    const changed = await attempt(signal, () => databaseHost.resizeCompute(ref, compute, signal));
    if ("refusal" in changed)
      notes.push(noteOf(ref, `compute size ${has}, and the primary had ${compute}`, changed.refusal));
    // The database restarts.
    else await untilHealthy(ports, ref, signal, reporter);
  }
  let { diskGb: disk } = now.done;
  if (diskGb !== undefined && disk !== undefined && diskGb > disk) {
    reporter(`giving ${host} project ${ref} the primary's disk: ${diskGb} GB instead of ${disk} GB`);
    const changed = await attempt(signal, () => databaseHost.resizeDisk(ref, diskGb, signal));
    if ("refusal" in changed)
      notes.push(noteOf(ref, `a disk of ${disk} GB, and the primary had ${diskGb} GB`, changed.refusal));
    else disk = diskGb;
  }
  refuseTooSmall(databaseHost, { ref, disk, manifest });
  return notes;
}

function noteOf(ref: string, what: string, refusal: string): string {
  return `The recovered project has ${what}. ${refusal} Change it under https://supabase.com/dashboard/project/${ref}/settings/compute-and-disk.`;
}

function refuseTooSmall(
  { name }: DatabaseHost,
  { ref, disk, manifest }: { ref: string; disk: ProjectSize["diskGb"]; manifest: FitProjectOptions["manifest"] },
): void {
  const needed = (manifest.tables.reduce((sum, table) => sum + table.bytes, 0) * ROOM_FOR_ROWS) / GB;
  if (disk === undefined || needed <= disk * USABLE) return;
  throw new UserError(
    `Backup ${manifest.backupId} needs about ${Math.ceil(needed)} GB, and ${name} project ${ref} has a disk of ${disk} GB, which cannot be enlarged from here. Nothing was written. Enlarge it under https://supabase.com/dashboard/project/${ref}/settings/compute-and-disk (spend cap and plan may forbid it), then run the same command again.`,
  );
}

/** What the host refuses or does not answer must not stop a recovery. */
async function attempt<T>(signal: AbortSignal, work: () => Promise<T>): Promise<{ done: T } | { refusal: string }> {
  try {
    return { done: await work() };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ServiceError || error instanceof UnreachableError)) throw error;
    return { refusal: messageOf(error) };
  }
}
