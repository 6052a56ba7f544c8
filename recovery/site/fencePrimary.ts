import type { AppHost } from "../../services/appHost/appHost.ts";
import { messageOf } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import { projectsNamed } from "./databaseProject.ts";
import type { LiveDatabase } from "./existingDatabase.ts";

/** Whether a part of the primary, or of the generation that is left, was stopped, and if not, why. */
export interface FenceResult {
  part: "database" | "application" | "earlier generation";
  fenced: boolean;
  /** What was done, or why that failed. */
  reason: string;
}

/** The primary as the settings name it: a recovery knows nothing else of it. */
export interface PrimaryNames {
  /** Slug of the organization at the database host. */
  organization: string;
  /** Name of the database's project, if the settings do not name a live one. */
  databaseName: string;
  /** The live database. Its writes are stopped over SQL, since hosts do not pause every project. */
  live?: LiveDatabase | undefined;
  /** Names of the apps' projects. */
  appProjects: readonly string[];
  /** Name of an earlier recovery's project that this one replaces. */
  leftDatabaseName?: string | undefined;
  /** That project's database, if the state has it. */
  left?: LiveDatabase | undefined;
}

/** What stopping the primary works with. A host without its token throws when it is asked for, and its part is not fenced. */
export interface FencePorts {
  databaseHost: () => DatabaseHost;
  appHost: () => AppHost;
  stopWrites: StopWrites;
}

/** Stops all writes to a database but our own. Returns what was done, in words. */
export type StopWrites = (connectionString: string, signal: AbortSignal) => Promise<string>;

/**
 * Tries to stop the primary's database and apps, so that no client writes to what is being left. Never throws, except when aborted:
 * a lost primary can't be fenced, and a recovery must not wait for it. The results say so. Writes are stopped first, since a database that
 * takes none loses nothing more. A person undoes the pauses at the hosts; a paused project keeps its data.
 *
 * Supabase does not pause a project of every plan: its dashboard asks for an entitlement (https://github.com/supabase/supabase/pull/44172,
 * before it for the free plan, /pull/19936). A pause may also hang for days (https://github.com/supabase/supabase/issues/43038). Then only the
 * stop over SQL holds.
 */
export async function fencePrimary(
  ports: FencePorts,
  primary: PrimaryNames,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<FenceResult[]> {
  const { organization, databaseName, live, appProjects, leftDatabaseName, left } = primary;
  const pauseOf = (name: string) => () => pauseDatabase(ports.databaseHost(), organization, name, signal);
  const stop = (part: FenceResult["part"], name: string, database: LiveDatabase | undefined) =>
    database ? stopDatabase(ports, part, database, signal) : attempt(part, pauseOf(name));
  const stopped = await stop("database", databaseName, live);
  const named = appProjects.length > 0 ? appProjects : [undefined];
  const others = await Promise.all([
    ...named.map((name) => attempt("application", () => pauseApplication(ports.appHost, name, signal))),
    ...(leftDatabaseName === undefined ? [] : [stop("earlier generation", leftDatabaseName, left)]),
  ]);
  const results = [stopped, ...others];
  signal.throwIfAborted();
  for (const { part, fenced, reason } of results)
    reporter(`${fenced ? "fenced" : "could not fence"} ${PARTS[part]}: ${reason}`);
  return results;
}

/** The name of a part in a sentence. */
export const PARTS: Readonly<Record<FenceResult["part"], string>> = {
  database: "the primary's database",
  application: "the primary's application",
  "earlier generation": "the database of the earlier generation",
};

/** Stops writes to a live database, and then its project. Either is enough. */
async function stopDatabase(
  { databaseHost, stopWrites }: FencePorts,
  part: FenceResult["part"],
  { ref, connectionString }: LiveDatabase,
  signal: AbortSignal,
): Promise<FenceResult> {
  const stopped = await attempt(part, () => stopWrites(connectionString, signal));
  const paused = await attempt(part, async () => {
    await databaseHost().pauseProject(ref, signal);
    return `project ${ref} is paused`;
  });
  const reason = [stopped, paused].map(({ fenced, reason }) => (fenced ? reason : `not done: ${reason}`)).join("; ");
  return { part, fenced: stopped.fenced || paused.fenced, reason };
}

async function pauseDatabase(
  databaseHost: DatabaseHost,
  organization: string,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const found = await projectsNamed(databaseHost, { name, organization }, signal);
  if (found.length === 0) throw new Error(`${databaseHost.name} has no project ${name} in ${organization}`);
  for (const { ref } of found) await databaseHost.pauseProject(ref, signal);
  return `${name} (${found.map(({ ref }) => ref).join(", ")}) is paused`;
}

async function pauseApplication(hostOf: () => AppHost, name: string | undefined, signal: AbortSignal): Promise<string> {
  if (name === undefined) throw new Error("no app of the setting apps names it (peerProject)");
  const appHost = hostOf();
  const project = await appHost.project(name, signal);
  if (project === undefined) throw new Error(`${appHost.name} has no project ${name} that ${appHost.tokenName} sees`);
  await appHost.pauseProject(project.id, signal);
  return `${name} is paused`;
}

async function attempt(part: FenceResult["part"], pause: () => Promise<string>): Promise<FenceResult> {
  try {
    return { part, fenced: true, reason: await pause() };
  } catch (error) {
    return { part, fenced: false, reason: messageOf(error) };
  }
}
