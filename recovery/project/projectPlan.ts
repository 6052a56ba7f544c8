import type { RestoredPart } from "../../planning/restoredParts.ts";
import { messageOf, PromiseError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { EdgeFunction } from "../../services/databaseHost/projectContent.ts";
import { type BackupSource, canOpen } from "../vault/backupSource.ts";
import { lackingNames, newestWhole, type OutsidePart, wholenessOf } from "../vault/completeness.ts";
import { fetchText } from "../vault/fetchPart.ts";
import { ALL, type ObjectIdentity } from "../vault/lacks.ts";
import type { BackupFile, Manifest } from "../vault/manifest.ts";
import { parseProject, type ProjectPart } from "../vault/projectPart.ts";
import { identityKey, objectsWithBytes, objectsWithoutBytes } from "../vault/storedObjects.ts";

/** A file, and the backup that holds it. */
export interface FileFrom {
  file: BackupFile;
  source: BackupSource;
}

/** A function's code and settings, and the backup that holds both. */
export interface FunctionFrom extends FileFrom {
  settings: EdgeFunction;
}

/** What a restore brings back outside the database, each thing from the backup that has it. */
export interface ProjectPlan {
  objects: FileFrom[];
  /** Objects with a restored row whose bytes no proven backup has. */
  missingObjects: ObjectIdentity[];
  /** Such objects that the app deleted or replaced while the backup ran. */
  excusedObjects: ObjectIdentity[];
  functions: FunctionFrom[];
  /** Slugs, or {@link ALL}. */
  missingFunctions: string[];
  /** The auth settings, and the backup that holds them. Undefined if no backup has them. */
  authSettings: { from: Manifest; part: ProjectPart; isOlder: boolean } | undefined;
  /** The largest size of an object in the project, in bytes. 0 if unknown. */
  storageSizeLimit: number;
  configuration: RestoredPart;
}

/** Where the parts may come from. */
export interface PlanOptions {
  /** The backup that the database was restored from. */
  source: BackupSource;
  /** Older proven full backups, newest first. */
  older: readonly { manifest: Manifest }[];
  reporter: Reporter;
  signal: AbortSignal;
}

/** Whether a backup holds anything outside the database. */
export function holdsProject(manifest: Manifest): boolean {
  return manifest.parts.some(({ name }) => name === "project.json");
}

/**
 * Decides which backup each part comes from. The database's own backup comes first. Objects that it lacks come from any older proven backup
 * with the same version and ETag as the restored row. Functions and auth settings that it lacks come from the newest one that has all of
 * them.
 */
export async function planProject(options: PlanOptions): Promise<ProjectPlan> {
  const { source } = options;
  const { manifest } = source;
  const older = options.older.map((one) => ({ ...source, manifest: one.manifest })).filter(canOpen);
  const own = await projectIn(source, options);
  return {
    ...(await planObjects(options, older)),
    ...(await planFunctions(options, older, own)),
    authSettings: await planAuthSettings(options, older, own),
    storageSizeLimit: own?.storageSizeLimit ?? 0,
    configuration: planConfiguration(manifest, older),
  };
}

async function planObjects(
  { source, reporter, signal }: PlanOptions,
  older: readonly BackupSource[],
): Promise<Pick<ProjectPlan, "objects" | "missingObjects" | "excusedObjects">> {
  const { files } = source.manifest;
  const objects = files.filter(({ origin }) => origin === "storage").map((file): FileFrom => ({ file, source }));
  let missing = await objectsWithoutBytes(source, signal);
  for (const one of older) {
    if (missing.length === 0) break;
    if (!one.manifest.files.some(({ origin }) => origin === "storage")) continue;
    try {
      const held = new Map(
        (await objectsWithBytes(one, signal)).map(({ file, identity }) => [identityKey(identity), file]),
      );
      missing = missing.filter((wanted) => {
        const key = identityKey(wanted);
        const file = key === undefined ? undefined : held.get(key);
        if (file !== undefined) objects.push({ file, source: one });
        return file === undefined;
      });
    } catch (error) {
      // A damaged older backup only costs what it would have added, not the recovery.
      if (!(error instanceof PromiseError)) throw error;
      reporter(`Nothing is taken from the older backup ${one.manifest.backupId}: ${messageOf(error)}`);
    }
  }
  return {
    objects,
    missingObjects: missing.filter(({ excused }) => excused !== true),
    excusedObjects: missing.filter(({ excused }) => excused === true),
  };
}

async function planFunctions(
  options: PlanOptions,
  older: readonly BackupSource[],
  own: ProjectPart | undefined,
): Promise<Pick<ProjectPlan, "functions" | "missingFunctions">> {
  const { source } = options;
  const functions = own === undefined ? [] : functionsIn(source, own);
  const lacking = own === undefined ? [ALL] : lackingNames(source.manifest, "functions");
  if (lacking.length === 0) return { functions, missingFunctions: [] };
  const holder = newestWhole(older, "functions");
  const theirs = holder && (await projectIn(holder, options));
  if (holder === undefined || theirs === undefined) return { functions, missingFunctions: lacking };
  const isWanted = (slug: string) =>
    !functions.some(({ file }) => file.name === slug) && (lacking.includes(ALL) || lacking.includes(slug));
  const added = functionsIn(holder, theirs).filter(({ file }) => isWanted(file.name));
  const found = new Set([ALL, ...added.map(({ file }) => file.name)]);
  return { functions: [...functions, ...added], missingFunctions: lacking.filter((slug) => !found.has(slug)) };
}

function functionsIn(source: BackupSource, part: ProjectPart): FunctionFrom[] {
  return source.manifest.files
    .filter(({ origin }) => origin === "function")
    .flatMap((file) => {
      const settings = part.functions.find(({ slug }) => slug === file.name);
      return settings === undefined ? [] : [{ file, source, settings }];
    });
}

async function planAuthSettings(
  options: PlanOptions,
  older: readonly BackupSource[],
  own: ProjectPart | undefined,
): Promise<ProjectPlan["authSettings"]> {
  if (own?.authSettings !== undefined) return { from: options.source.manifest, part: own, isOlder: false };
  const holder = newestWhole(older, "authSettings");
  const theirs = holder && (await projectIn(holder, options));
  return holder && theirs && { from: holder.manifest, part: theirs, isOlder: true };
}

/** Only from the manifests: the configuration itself is read part by part (readConfiguration.ts). */
function planConfiguration(manifest: Manifest, older: readonly BackupSource[]): RestoredPart {
  const part: OutsidePart = "configuration";
  const state = wholenessOf(manifest, part);
  if (state !== "lacking")
    return { state, from: [{ ...pointOf(manifest), count: 1 }], missing: 0, failed: 0, names: [] };
  const lacking = lackingNames(manifest, part);
  // Each of its parts may come from another backup.
  const sources = new Map<string, Manifest>();
  for (const name of lacking) {
    const holder = older.find((one) => {
      const theirs = lackingNames(one.manifest, part);
      return !theirs.includes(ALL) && !theirs.includes(name);
    });
    if (holder !== undefined) sources.set(name, holder.manifest);
  }
  const missing = lacking.filter((name) => !sources.has(name));
  const from = [...new Set(sources.values())].map((one) => ({
    ...pointOf(one),
    count: [...sources.values()].filter((other) => other === one).length,
  }));
  return {
    state: missing.length === 0 ? "whole" : lacking.includes(ALL) && from.length === 0 ? "missing" : "partly",
    from,
    missing: missing.length,
    failed: 0,
    names: missing,
  };
}

/** A backup as a point in time. */
export function pointOf({ backupId, snapshotAt }: Manifest): { backupId: string; snapshotAt: string } {
  return { backupId, snapshotAt };
}

/** The settings of functions and the auth service. Undefined, with a report, if a backup's own are missing or damaged. */
async function projectIn(source: BackupSource, { reporter, signal }: PlanOptions): Promise<ProjectPart | undefined> {
  if (!holdsProject(source.manifest)) return undefined;
  try {
    return parseProject(await fetchText(source, "project.json", signal));
  } catch (error) {
    if (!(error instanceof PromiseError)) throw error;
    reporter(`project.json of backup ${source.manifest.backupId} can't be used: ${messageOf(error)}`);
    return undefined;
  }
}
