import { createHmac } from "node:crypto";

import type { ReadyProject } from "../../planning/readyProject.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Timing } from "../../services/common/timing.ts";
import type { DatabaseHost, DatabaseProject, SessionAddress } from "../../services/databaseHost/databaseHost.ts";
import type { InspectDatabase } from "../postgres/catalog/databaseContent.ts";
import { untilHealthy, untilOurs } from "./projectReady.ts";

/** States in which a project keeps its data and answers nothing. */
const PAUSED: ReadonlySet<DatabaseProject["state"] | undefined> = new Set(["paused", "pause failed"] as const);

/** What the operations on projects of the database host work with. */
export interface DatabaseProjectPorts {
  databaseHost: DatabaseHost;
  inspect: InspectDatabase;
  /** The database password of a project; see {@link derivedPassword}. */
  passwordOf: (organization: string, name: string) => string;
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
 * The database password of a project: 43 characters that are safe in an address, an HMAC-SHA256 keyed with the access token. Derived and
 * not random, so that a creation that was killed before its result was kept knows its own project again by logging in, and no password of a
 * project that is not ours is ever reset to find out.
 */
export function derivedPassword(accessToken: string, organization: string, name: string): string {
  return createHmac("sha256", accessToken)
    .update(JSON.stringify(["castchat-recovery database password", organization, name]))
    .digest("base64url");
}

/**
 * Creates a project and waits until its database, pooler, auth and API are healthy and the database takes our password. Safe to repeat: a
 * project of that name which an interrupted run has made and which is still empty is taken over; any other one of that name is refused with
 * a UserError, and not touched.
 */
export async function createDatabaseProject(
  ports: DatabaseProjectPorts,
  wanted: WantedProject,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<ReadyProject> {
  const start = ports.clock().getTime();
  const password = ports.passwordOf(wanted.organization, wanted.name);
  const existing = await findProject(ports.databaseHost, wanted, signal);
  if (existing)
    reporter(`a project ${wanted.name} exists already (${existing.ref}): checking that an interrupted run made it`);
  else reporter(`creating ${ports.databaseHost.name} project ${wanted.name} in ${wanted.region}`);
  const project = existing ?? (await ports.databaseHost.createProject({ ...wanted, password }, signal));
  await untilHealthy(ports, project.ref, signal, reporter);
  const pooler = await ports.databaseHost.sessionAddress(project.ref, signal);
  const connectionString = connectionStringOf(pooler, password);
  await untilOurs(ports, { project, connectionString, adopted: existing !== undefined }, signal, reporter);
  const ready = await describe(ports, project, pooler, password, signal);
  reporter(`${ports.databaseHost.name} project ${project.ref} is ready`);
  return { ...ready, durationMs: ports.clock().getTime() - start };
}

/**
 * A project as it is now, or nothing when its host says that it is gone. An unreachable host is an error. `password` is the one that is
 * known; without it (an import) the derived one is tried, and a UserError says when it does not fit.
 */
export async function readDatabaseProject(
  ports: DatabaseProjectPorts,
  ref: string,
  password: string | undefined,
  signal: AbortSignal,
): Promise<{ project: DatabaseProject; ready: Omit<ReadyProject, "durationMs"> } | undefined> {
  const project = await ports.databaseHost.project(ref, signal);
  if (project === undefined) return undefined;
  const pooler = await ports.databaseHost.sessionAddress(ref, signal);
  const known = password ?? ports.passwordOf(project.organization, project.name);
  if (password === undefined) {
    const content = await ports.inspect(connectionStringOf(pooler, known), signal);
    if (content.state === "refused") {
      throw new UserError(
        `${ports.databaseHost.name} project ${ref} has another database password than this access token's: it was not made by this program, so it cannot be imported.`,
      );
    }
    if (content.state === "unreachable")
      throw new Error(`The database of ${ports.databaseHost.name} project ${ref} cannot be reached: ${content.reason}`);
  }
  return { project, ready: await describe(ports, project, pooler, known, signal) };
}

/**
 * The project of an earlier generation that the state does not hold: an `up` was killed before it noted the project, or had ended before
 * there was one. Changes nothing and stops nothing: where it can't be had, a sentence says why.
 */
export async function findKeptProject(
  ports: DatabaseProjectPorts,
  wanted: WantedProject,
  signal: AbortSignal,
): Promise<{ ready: ReadyProject } | { missing: string }> {
  const release = "`castchat-recovery generation release` removes its record.";
  try {
    const named = (await ports.databaseHost.projects(signal)).find(
      (one) => one.name === wanted.name && one.organization === wanted.organization,
    );
    if (named === undefined)
      return { missing: `There is no ${ports.databaseHost.name} project ${wanted.name} to keep: ${release}` };
    const found = await readDatabaseProject(ports, named.ref, undefined, signal);
    if (found === undefined)
      return { missing: `${ports.databaseHost.name} project ${wanted.name} (${named.ref}) is gone: ${release}` };
    return { ready: { ...found.ready, durationMs: 0 } };
  } catch (error) {
    signal.throwIfAborted();
    return {
      missing: `${ports.databaseHost.name} project ${wanted.name} could not be taken into the state: ${messageOf(error)}`,
    };
  }
}

/** Whether a project stands still by an operator's order. */
export async function isPaused(databaseHost: DatabaseHost, ref: string, signal: AbortSignal): Promise<boolean> {
  return PAUSED.has((await databaseHost.project(ref, signal))?.state);
}

/** Deletes a project with its database and its platform backups, for good. Refuses with a UserError while it is protected. */
export async function deleteDatabaseProject(
  ports: DatabaseProjectPorts,
  wanted: { ref: string; name: string; deletionProtection: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (wanted.deletionProtection) {
    throw new UserError(
      `${ports.databaseHost.name} project ${wanted.name} (${wanted.ref}) is protected and a deleted project is final, with its platform backups: set protect to false (\`pulumi config set protect false\`), run \`pulumi up\`, and then delete it.`,
    );
  }
  await ports.databaseHost.deleteProject(wanted.ref, signal);
}

async function findProject(
  databaseHost: DatabaseHost,
  wanted: WantedProject,
  signal: AbortSignal,
): Promise<DatabaseProject | undefined> {
  const named = (await databaseHost.projects(signal)).filter(
    (one) => one.name === wanted.name && one.organization === wanted.organization,
  );
  const [found, second] = named;
  if (second) {
    throw new UserError(
      `Organization ${wanted.organization} has ${named.length} ${databaseHost.name} projects named ${wanted.name}: delete the ones that are not needed, or raise the generation.`,
    );
  }
  if (found && found.region !== wanted.region) {
    throw new UserError(
      `${databaseHost.name} project ${wanted.name} (${found.ref}) exists already in ${found.region}, not ${wanted.region}: delete it, or raise the generation.`,
    );
  }
  return found;
}

async function describe(
  ports: DatabaseProjectPorts,
  project: DatabaseProject,
  pooler: SessionAddress,
  password: string,
  signal: AbortSignal,
): Promise<Omit<ReadyProject, "durationMs">> {
  return {
    ref: project.ref,
    apiUrl: ports.databaseHost.apiUrl(project.ref),
    host: pooler.host,
    port: pooler.port,
    user: pooler.user,
    database: pooler.database,
    databasePassword: password,
    connectionString: connectionStringOf(pooler, password),
    anonKey: await ports.databaseHost.publicKey(project.ref, signal),
    createdAt: project.createdAt,
  };
}

function connectionStringOf(pooler: SessionAddress, password: string): string {
  const user = encodeURIComponent(pooler.user);
  return `postgresql://${user}:${encodeURIComponent(password)}@${pooler.host}:${pooler.port}/${encodeURIComponent(pooler.database)}`;
}
