import type { RestoredPart, RestoredParts } from "../../planning/restoredParts.ts";
import { messageOf } from "../../services/common/errors.ts";
import { named } from "../../services/common/named.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { ProjectContent } from "../../services/databaseHost/projectContent.ts";
import type { Session } from "../postgres/session/database.ts";
import type { BackupSource } from "../vault/backupSource.ts";
import { ALL, type ObjectIdentity } from "../vault/lacks.ts";
import type { BackupFile, Manifest } from "../vault/manifest.ts";
import { identityKey } from "../vault/storedObjects.ts";
import { type FileFrom, holdsProject, planProject, pointOf, type ProjectPlan } from "./projectPlan.ts";
import { restoreAuthSettings } from "./restoreAuthSettings.ts";
import { restoredPart } from "./restoredParts.ts";
import { restoreFunctions } from "./restoreFunctions.ts";
import { restoreStorage } from "./restoreStorage.ts";
import { fullName, identityOf, listStorageObjects } from "./storeStorage.ts";

export { holdsProject } from "./projectPlan.ts";

/** What to restore, and into which project. */
export interface RestoreProjectOptions extends BackupSource {
  /** Older proven full backups, newest first, which may have what this one lacks. */
  older: readonly { manifest: Manifest }[];
  /** Whether auth settings of an older backup are applied. They may reopen what was closed since. */
  olderAuthSettings: boolean;
  project: ProjectContent;
  /** A session of the restored database, whose rows name the objects. */
  session: Session;
  /** Whether newer objects and functions are kept, because the app has used the database since it was restored. */
  keepsNewer: boolean;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What the project holds now, compared with its backup. */
export interface RestoredProject {
  storageObjects: number;
  functions: number;
  /** Settings of the auth service that were changed. */
  authSettings: number;
  parts: RestoredParts;
  /** What differs although nothing failed, in sentences. What the parts lack is not included. */
  notes: string[];
}

/** What is missing if only the database of such a backup is restored, in a sentence for the notes. Empty if nothing is missing. */
export function noteOfProject(manifest: Manifest): string[] {
  if (!holdsProject(manifest)) return [];
  const count = (wanted: BackupFile["origin"]) => manifest.files.filter(({ origin }) => origin === wanted).length;
  return [
    `Not restored, as they lie outside the database: the bytes of ${count("storage")} storage objects, ${count("function")} edge functions and the auth settings. Set TARGET_SUPABASE_REF to the project's ref and run the same command again.`,
  ];
}

/**
 * Restores storage objects, edge functions and auth settings into a project whose database is restored. What its backup lacks comes from
 * older ones (projectPlan.ts). Can be run again: equal content is not written again. If the caller asks for it, what the app has changed
 * since is kept, and a note lists it. A failure is listed, and stops neither the others nor the caller.
 */
export async function restoreProject(options: RestoreProjectOptions): Promise<RestoredProject> {
  const { manifest, project, session, keepsNewer, reporter, signal } = options;
  const plan = await planProject({ source: options, older: options.older, reporter, signal });
  reporter(`Bringing back ${plan.objects.length} storage objects and ${plan.functions.length} edge functions`);
  const missingObjects = await stillMissing(session, plan.missingObjects);
  const sizeLimit = plan.storageSizeLimit;
  const storage = await restoreStorage({ project, session, keepsNewer, sizeLimit, reporter, signal }, plan.objects);
  const functions = await restoreFunctions({ project, keepsNewer, signal }, plan.functions);
  const auth = await authSettingsOf(options, plan);
  return {
    storageObjects: plan.objects.length - storage.newer.length - storage.failed.size,
    functions: plan.functions.length - functions.newer.length - functions.failed.size,
    authSettings: auth.changed,
    parts: {
      storage: restoredPart({
        from: sourcesOf(manifest, plan.objects, storage.failed),
        missing: missingObjects.map(({ name }) => name),
        failed: reasonsIn(storage.failed),
      }),
      functions: restoredPart({
        from: sourcesOf(manifest, plan.functions, functions.failed),
        missing: plan.missingFunctions,
        failed: reasonsIn(functions.failed),
      }),
      authSettings: auth.part,
      configuration: plan.configuration,
    },
    notes: [
      ...noteOfNewer([
        ...storage.newer.map((name) => `the object ${name}`),
        ...functions.newer.map((slug) => `the edge function ${slug}`),
      ]),
      ...noteOfExcused(plan.excusedObjects),
      ...auth.notes,
    ],
  };
}

/** Objects whose row is still the restored one. The app has stored or deleted the others since. */
async function stillMissing(session: Session, missing: readonly ObjectIdentity[]): Promise<ObjectIdentity[]> {
  if (missing.length === 0) return [];
  const rows = await listStorageObjects(session);
  if (rows === undefined) return [...missing];
  const now = new Map(rows.map((row) => [fullName(row), identityKey({ name: fullName(row), ...identityOf(row) })]));
  return missing.filter((one) => one.name === ALL || (now.has(one.name) && now.get(one.name) === identityKey(one)));
}

async function authSettingsOf(
  { manifest, project, olderAuthSettings, signal }: RestoreProjectOptions,
  { authSettings: saved }: ProjectPlan,
): Promise<{ changed: number; part: RestoredPart; notes: string[] }> {
  if (saved === undefined)
    return { changed: 0, part: restoredPart({ from: [], missing: [ALL], failed: [] }), notes: [] };
  const count = Object.keys(saved.part.authSettings ?? {}).length;
  const from = [{ ...pointOf(saved.from), count }];
  if (saved.isOlder && !olderAuthSettings) {
    const heldBack = { state: "held back" as const, from, missing: 0, failed: 0, names: [] };
    return { changed: 0, part: heldBack, notes: [] };
  }
  try {
    const { changed, refused, notes } = await restoreAuthSettings(project, saved.part, signal);
    const failed = refused.map((name) => `${name} (the auth service did not accept it)`);
    return { changed, part: restoredPart({ from, missing: [], failed }), notes };
  } catch (error) {
    signal.throwIfAborted();
    const failed = [`those of backup ${manifest.backupId} (${messageOf(error)})`];
    return { changed: 0, part: restoredPart({ from: [], missing: [], failed }), notes: [] };
  }
}

/** How many of the restored things come from each backup. The database's own comes first, even with none. */
function sourcesOf(
  own: Manifest,
  files: readonly FileFrom[],
  failed: ReadonlyMap<string, string>,
): RestoredPart["from"] {
  const counts = new Map<Manifest, number>([[own, 0]]);
  for (const { file, source } of files)
    if (!failed.has(file.name)) counts.set(source.manifest, (counts.get(source.manifest) ?? 0) + 1);
  return [...counts].map(([manifest, count]) => ({ ...pointOf(manifest), count }));
}

function reasonsIn(failed: ReadonlyMap<string, string>): string[] {
  return [...failed].map(([name, why]) => `${name} (${why})`).sort();
}

function noteOfExcused(excused: readonly ObjectIdentity[]): string[] {
  if (excused.length === 0) return [];
  const names = named(excused.map(({ name }) => name));
  return [`Rows without bytes, because the app deleted or replaced the objects while the backup ran: ${names}.`];
}

function noteOfNewer(newer: readonly string[]): string[] {
  if (newer.length === 0) return [];
  return [
    `Kept as they are, because they were changed or deleted after the database was restored: ${named([...newer].sort())}. Check that this is intended.`,
  ];
}
