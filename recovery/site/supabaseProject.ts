import { createHmac } from "node:crypto";

import type { ReadyProject } from "../../planning/readyProject.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import { type Look, poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import {
  projectUrl,
  type SessionPooler,
  type Supabase,
  type SupabaseProjectInfo,
} from "../../services/databaseHost/supabase.ts";
import type { InspectDatabase } from "../postgres/catalog/databaseContent.ts";

/** Services that a recovery needs before it can begin. */
const NEEDED_SERVICES = ["db", "pooler", "auth", "rest"] as const;
const HEALTHY = "ACTIVE_HEALTHY";
/** States out of which a project does not come by waiting. */
const HOPELESS = new Set([
  "INACTIVE",
  "PAUSING",
  "PAUSE_FAILED",
  "REMOVED",
  "GOING_DOWN",
  "INIT_FAILED",
  "RESTORE_FAILED",
]);

/** States in which a project keeps its data and answers nothing. */
const PAUSED = new Set(["INACTIVE", "PAUSING", "PAUSE_FAILED"]);

/** What the operations on Supabase projects work with. */
export interface SupabaseProjectPorts {
  supabase: Supabase;
  inspect: InspectDatabase;
  /** The database password of a project; see {@link derivedPassword}. */
  passwordOf: (organization: string, name: string) => string;
  /** Template of a project's own API address, with `{ref}`. */
  projectUrlTemplate?: string | undefined;
  clock: Clock;
  /** @default - the real one */
  timing?: Timing;
}

/** Which project is wanted. */
export interface WantedProject {
  name: string;
  organization: string;
  region: string;
}

/**
 * The database password of a project: 43 characters that are safe in an address, an HMAC-SHA256 keyed with the access
 * token. Derived and not random, so that a creation that was killed before its result was kept knows its own project
 * again by logging in, and no password of a project that is not ours is ever reset to find out.
 */
export function derivedPassword(accessToken: string, organization: string, name: string): string {
  return createHmac("sha256", accessToken)
    .update(JSON.stringify(["castchat-recovery database password", organization, name]))
    .digest("base64url");
}

/**
 * Creates a Supabase project and waits until its database, pooler, auth and API are healthy and the database takes our
 * password. Safe to repeat: a project of that name which an interrupted run has made and which is still empty is taken
 * over; any other one of that name is refused with a UserError, and not touched.
 */
export async function createSupabaseProject(
  ports: SupabaseProjectPorts,
  wanted: WantedProject,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<ReadyProject> {
  const start = ports.clock().getTime();
  const password = ports.passwordOf(wanted.organization, wanted.name);
  const existing = await findProject(ports.supabase, wanted, signal);
  if (existing)
    reporter(`a project ${wanted.name} exists already (${existing.ref}): checking that an interrupted run made it`);
  else reporter(`creating Supabase project ${wanted.name} in ${wanted.region}`);
  const project = existing ?? (await ports.supabase.createProject({ ...wanted, password }, signal));
  await untilHealthy(ports, project.ref, signal, reporter);
  const pooler = await ports.supabase.sessionPooler(project.ref, signal);
  const connectionString = connectionStringOf(pooler, password);
  await untilOurs(ports, { project, connectionString, adopted: existing !== undefined }, signal, reporter);
  const ready = await describe(ports, project, pooler, password, signal);
  reporter(`Supabase project ${project.ref} is ready`);
  return { ...ready, durationMs: ports.clock().getTime() - start };
}

/**
 * A project as it is now, or nothing when Supabase says that it is gone. An unreachable Supabase is an error.
 * `password` is the one that is known; without it (an import) the derived one is tried, and a UserError says when it
 * does not fit.
 */
export async function readSupabaseProject(
  ports: SupabaseProjectPorts,
  ref: string,
  password: string | undefined,
  signal: AbortSignal,
): Promise<{ project: SupabaseProjectInfo; ready: Omit<ReadyProject, "durationMs"> } | undefined> {
  const project = await ports.supabase.project(ref, signal);
  if (project === undefined || project.status === "REMOVED") return undefined;
  const pooler = await ports.supabase.sessionPooler(ref, signal);
  const known = password ?? ports.passwordOf(project.organization, project.name);
  if (password === undefined) {
    const content = await ports.inspect(connectionStringOf(pooler, known), signal);
    if (content.state === "refused") {
      throw new UserError(
        `Supabase project ${ref} has another database password than this access token's: it was not made by this program, so it cannot be imported.`,
      );
    }
    if (content.state === "unreachable")
      throw new Error(`The database of Supabase project ${ref} cannot be reached: ${content.reason}`);
  }
  return { project, ready: await describe(ports, project, pooler, known, signal) };
}

/**
 * The project of an earlier generation that the state does not hold: an `up` was killed before it noted the project, or had ended before
 * there was one. Changes nothing and stops nothing: where it can't be had, a sentence says why.
 */
export async function findKeptProject(
  ports: SupabaseProjectPorts,
  wanted: WantedProject,
  signal: AbortSignal,
): Promise<{ ready: ReadyProject } | { missing: string }> {
  const release = "`castchat-recovery generation release` removes its record.";
  try {
    const named = (await ports.supabase.projects(signal)).find(
      (one) => one.name === wanted.name && one.organization === wanted.organization && one.status !== "REMOVED",
    );
    if (named === undefined) return { missing: `There is no Supabase project ${wanted.name} to keep: ${release}` };
    const found = await readSupabaseProject(ports, named.ref, undefined, signal);
    if (found === undefined) return { missing: `Supabase project ${wanted.name} (${named.ref}) is gone: ${release}` };
    return { ready: { ...found.ready, durationMs: 0 } };
  } catch (error) {
    signal.throwIfAborted();
    return { missing: `Supabase project ${wanted.name} could not be taken into the state: ${messageOf(error)}` };
  }
}

/** Whether a project stands still by an operator's order. */
export async function isPaused(supabase: Supabase, ref: string, signal: AbortSignal): Promise<boolean> {
  return PAUSED.has((await supabase.project(ref, signal))?.status ?? "");
}

/** Deletes a project with its database and its platform backups, for good. Refuses with a UserError while it is protected. */
export async function deleteSupabaseProject(
  ports: SupabaseProjectPorts,
  wanted: { ref: string; name: string; deletionProtection: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (wanted.deletionProtection) {
    throw new UserError(
      `Supabase project ${wanted.name} (${wanted.ref}) is protected and a deleted project is final, with its platform backups: set protect to false (\`pulumi config set protect false\`), run \`pulumi up\`, and then delete it.`,
    );
  }
  await ports.supabase.deleteProject(wanted.ref, signal);
}

async function findProject(
  supabase: Supabase,
  wanted: WantedProject,
  signal: AbortSignal,
): Promise<SupabaseProjectInfo | undefined> {
  const named = (await supabase.projects(signal)).filter(
    (one) => one.name === wanted.name && one.organization === wanted.organization && one.status !== "REMOVED",
  );
  const [found, second] = named;
  if (second) {
    throw new UserError(
      `Organization ${wanted.organization} has ${named.length} Supabase projects named ${wanted.name}: delete the ones that are not needed, or raise the generation.`,
    );
  }
  if (found && found.region !== wanted.region) {
    throw new UserError(
      `Supabase project ${wanted.name} (${found.ref}) exists already in ${found.region}, not ${wanted.region}: delete it, or raise the generation.`,
    );
  }
  return found;
}

function untilHealthy(
  ports: SupabaseProjectPorts,
  ref: string,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<true> {
  const look = async (): Promise<Look<true>> => {
    const status = (await ports.supabase.project(ref, signal))?.status ?? "REMOVED";
    if (HOPELESS.has(status))
      throw new Error(
        `Supabase project ${ref} is ${status}: look at it in Supabase's dashboard, delete it, and run again.`,
      );
    if (status !== HEALTHY) return { waitingFor: `project is ${status}` };
    const services = await ports.supabase.health(ref, NEEDED_SERVICES, signal);
    const ill = services.filter((service) => service.status !== HEALTHY);
    if (ill.length === 0 && services.length > 0) return { done: true };
    return {
      waitingFor: ill.map((service) => `${service.name} is ${service.status}`).join(", ") || "no service answers yet",
    };
  };
  return poll(look, {
    patience: (ports.timing ?? realTiming).project,
    clock: ports.clock,
    signal,
    progress: (state) => reporter(`waiting for Supabase project ${ref}: ${state}`),
    onLimit: (state, elapsed) =>
      new Error(
        `Supabase project ${ref} was not healthy after ${Math.round(elapsed / 1000)} s (${state}): run again to go on waiting, or see status.supabase.com.`,
      ),
  });
}

/** Waits until the database lets us in, and refuses a project that an interrupted run of ours did not leave empty. */
function untilOurs(
  ports: SupabaseProjectPorts,
  found: { project: SupabaseProjectInfo; connectionString: string; adopted: boolean },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<true> {
  const { ref, name } = found.project;
  const look = async (): Promise<Look<true>> => {
    const content = await ports.inspect(found.connectionString, signal);
    if (content.state === "empty") return { done: true };
    if (content.state === "holds data") {
      throw new UserError(
        `Supabase project ${name} (${ref}) exists already and holds data (${content.what}), so it is not touched: raise the generation for a new project, or delete that one in Supabase.`,
      );
    }
    if (content.state === "refused" && found.adopted) {
      throw new UserError(
        `Supabase project ${name} (${ref}) exists already and was not made with this access token, so it is not touched: raise the generation for a new project, or delete that one in Supabase.`,
      );
    }
    return { waitingFor: `its database is not open yet (${content.reason})` };
  };
  return poll(look, {
    patience: (ports.timing ?? realTiming).project,
    clock: ports.clock,
    signal,
    progress: (state) => reporter(`waiting for Supabase project ${ref}: ${state}`),
    onLimit: (state) =>
      new Error(`The database of Supabase project ${ref} could not be opened: ${state}. Run again to go on waiting.`),
  });
}

async function describe(
  ports: SupabaseProjectPorts,
  project: SupabaseProjectInfo,
  pooler: SessionPooler,
  password: string,
  signal: AbortSignal,
): Promise<Omit<ReadyProject, "durationMs">> {
  return {
    ref: project.ref,
    apiUrl: projectUrl(ports.projectUrlTemplate, project.ref),
    host: pooler.host,
    port: pooler.port,
    user: pooler.user,
    database: pooler.database,
    databasePassword: password,
    connectionString: connectionStringOf(pooler, password),
    anonKey: await ports.supabase.anonKey(project.ref, signal),
    createdAt: project.createdAt,
  };
}

function connectionStringOf(pooler: SessionPooler, password: string): string {
  const user = encodeURIComponent(pooler.user);
  return `postgresql://${user}:${encodeURIComponent(password)}@${pooler.host}:${pooler.port}/${encodeURIComponent(pooler.database)}`;
}
