import type { AppHost } from "../../services/appHost/appHost.ts";
import { messageOf } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import { projectsNamed } from "./databaseProject.ts";

/** Whether a part of the primary, or of the generation that is left, was stopped, and if not, why. */
export interface FenceResult {
  part: "database" | "application" | "earlier generation";
  fenced: boolean;
  /** What was done, or why that failed. */
  reason: string;
}

/** The primary's names, derived from settings: a recovery knows nothing else of it. */
export interface PrimaryNames {
  /** Slug of the organization at the database host. */
  organization: string;
  /** Name of the database's project. */
  databaseName: string;
  /** Name of the Vercel project. */
  vercelProject?: string | undefined;
  /** Name of an earlier recovery's project that this one replaces. */
  leftDatabaseName?: string | undefined;
}

/**
 * Tries to stop the primary's database and application, so that no client writes to what is being left. Never throws, except when aborted:
 * a lost primary can't be fenced, and a recovery must not wait for it. The results say so. A person undoes both pauses at the hosts; a
 * paused project keeps its data.
 */
export async function fencePrimary(
  ports: { databaseHost: DatabaseHost; appHost: AppHost },
  primary: PrimaryNames,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<FenceResult[]> {
  const { organization, databaseName, vercelProject, leftDatabaseName } = primary;
  const pauseOf = (name: string) => () => pauseDatabase(ports.databaseHost, organization, name, signal);
  const results = await Promise.all([
    attempt("database", pauseOf(databaseName)),
    attempt("application", () => pauseApplication(ports.appHost, vercelProject, signal)),
    ...(leftDatabaseName === undefined ? [] : [attempt("earlier generation", pauseOf(leftDatabaseName))]),
  ]);
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

async function pauseApplication(appHost: AppHost, name: string | undefined, signal: AbortSignal): Promise<string> {
  if (name === undefined) throw new Error("the setting peerVercelProject does not name it");
  const project = await appHost.project(name, signal);
  if (project === undefined) throw new Error(`${appHost.name} has no project ${name}`);
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
