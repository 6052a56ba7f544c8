import type { ReadyProject } from "../../planning/readyProject.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { DatabaseHost, DatabaseProject, SessionAddress } from "../../services/databaseHost/databaseHost.ts";
import { type ReadyPorts, untilHealthy, untilOurs } from "./projectReady.ts";

/** A project, and what the state holds of it. */
export interface FoundProject {
  project: DatabaseProject;
  ready: Omit<ReadyProject, "durationMs">;
}

/** Which project is wanted. */
export type WantedProject = Pick<DatabaseProject, "name" | "organization" | "region">;

/**
 * Creates a project with a database password and waits until its database, pooler, auth and API are healthy and the database takes that
 * password. Safe to repeat with the same password: it takes over a project of that name that an interrupted run has made and that is still
 * empty. Any other project of that name is refused with a UserError, and not touched. No password is ever reset to find out.
 */
export async function createDatabaseProject(
  ports: ReadyPorts,
  wanted: WantedProject,
  password: string,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<ReadyProject> {
  const start = ports.clock().getTime();
  const existing = await findProject(ports.databaseHost, wanted, signal);
  reporter(
    existing
      ? `a project ${wanted.name} exists already (${existing.ref}): checking that an interrupted run made it`
      : `creating ${ports.databaseHost.name} project ${wanted.name} in ${wanted.region}`,
  );
  const project = existing ?? (await ports.databaseHost.createProject({ ...wanted, password }, signal));
  await untilHealthy(ports, project.ref, signal, reporter);
  const pooler = await ports.databaseHost.sessionAddress(project.ref, signal);
  const connectionString = connectionStringOf(pooler, password);
  await untilOurs(ports, { project, connectionString, adopted: existing !== undefined }, signal, reporter);
  const ready = await describe(ports, project, pooler, password, signal);
  reporter(`${ports.databaseHost.name} project ${project.ref} is ready`);
  return { ...ready, durationMs: ports.clock().getTime() - start };
}

/** A project as it is now, or undefined if its host says that it is gone. An unreachable host is an error. */
export async function readDatabaseProject(
  ports: ReadyPorts,
  ref: string,
  password: string,
  signal: AbortSignal,
): Promise<FoundProject | undefined> {
  const project = await ports.databaseHost.project(ref, signal);
  if (project === undefined) return undefined;
  const pooler = await ports.databaseHost.sessionAddress(ref, signal);
  return { project, ready: await describe(ports, project, pooler, password, signal) };
}

/**
 * {@link readDatabaseProject} for a state that does not know the project, and so cannot know its password. It logs in with the given one.
 *
 * @throws UserError if the database refuses the password
 */
export async function importDatabaseProject(
  ports: ReadyPorts,
  ref: string,
  password: string,
  signal: AbortSignal,
): Promise<FoundProject | undefined> {
  const found = await readDatabaseProject(ports, ref, password, signal);
  if (found === undefined) return undefined;
  const content = await ports.inspect(found.ready.connectionString, signal);
  const host = ports.databaseHost.name;
  if (content.state === "refused")
    throw new UserError(`The database of ${host} project ${ref} refuses the password that it was tried with.`);
  if (content.state === "unreachable")
    throw new Error(`The database of ${host} project ${ref} cannot be reached: ${content.reason}`);
  return found;
}

/**
 * The project of an earlier generation that the state does not hold: an `up` was killed before it noted the project, or ended before there
 * was one. Changes nothing and never throws; if the project is not available, a sentence says why.
 */
export async function findKeptProject(
  ports: ReadyPorts,
  wanted: WantedProject,
  password: string,
  signal: AbortSignal,
): Promise<{ ready: ReadyProject } | { missing: string }> {
  const release = "`castchat-recovery generation release` removes its record.";
  try {
    const [named] = await projectsNamed(ports.databaseHost, wanted, signal);
    if (named === undefined)
      return { missing: `There is no ${ports.databaseHost.name} project ${wanted.name} to keep. ${release}` };
    const found = await importDatabaseProject(ports, named.ref, password, signal);
    if (found === undefined)
      return { missing: `${ports.databaseHost.name} project ${wanted.name} (${named.ref}) is gone. ${release}` };
    return { ready: { ...found.ready, durationMs: 0 } };
  } catch (error) {
    signal.throwIfAborted();
    return {
      missing: `${ports.databaseHost.name} project ${wanted.name} could not be taken into the state: ${messageOf(error)}`,
    };
  }
}

/** The projects of a name in an organization. The host lets two have the same. */
export async function projectsNamed(
  databaseHost: DatabaseHost,
  { name, organization }: Pick<WantedProject, "name" | "organization">,
  signal?: AbortSignal,
): Promise<DatabaseProject[]> {
  const projects = await databaseHost.projects(signal);
  return projects.filter((one) => one.name === name && one.organization === organization);
}

/** Whether a project is paused, as an operator wanted it: it keeps its data and answers nothing. */
export async function isPaused(databaseHost: DatabaseHost, ref: string, signal: AbortSignal): Promise<boolean> {
  const project = await databaseHost.project(ref, signal);
  return project?.state === "paused" || project?.state === "pause failed";
}

/** Deletes a project with its database and its platform backups, for good. Refuses with a UserError while it is protected. */
export async function deleteDatabaseProject(
  ports: ReadyPorts,
  wanted: { ref: string; name: string; deletionProtection: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (wanted.deletionProtection)
    throw new UserError(
      `${ports.databaseHost.name} project ${wanted.name} (${wanted.ref}) is protected. A deleted project is lost for good, with its platform backups. To delete it, run \`pulumi config set protect false\` and \`pulumi up\` first.`,
    );
  await ports.databaseHost.deleteProject(wanted.ref, signal);
}

async function findProject(
  databaseHost: DatabaseHost,
  wanted: WantedProject,
  signal: AbortSignal,
): Promise<DatabaseProject | undefined> {
  const named = await projectsNamed(databaseHost, wanted, signal);
  const [found, second] = named;
  if (second)
    throw new UserError(
      `Organization ${wanted.organization} has ${named.length} ${databaseHost.name} projects named ${wanted.name}. Delete those that are not needed, or raise the generation.`,
    );
  if (found && found.region !== wanted.region)
    throw new UserError(
      `${databaseHost.name} project ${wanted.name} (${found.ref}) exists already in ${found.region}, not ${wanted.region}. Delete it, or raise the generation.`,
    );
  return found;
}

async function describe(
  ports: ReadyPorts,
  project: DatabaseProject,
  pooler: SessionAddress,
  password: string,
  signal: AbortSignal,
): Promise<Omit<ReadyProject, "durationMs">> {
  return {
    ref: project.ref,
    apiUrl: ports.databaseHost.apiUrl(project.ref),
    ...pooler,
    databasePassword: password,
    connectionString: connectionStringOf(pooler, password),
    anonKey: await ports.databaseHost.publicKey(project.ref, signal),
    createdAt: project.createdAt,
  };
}

function connectionStringOf({ host, port, user, database }: SessionAddress, password: string): string {
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return `postgresql://${login}@${host}:${port}/${encodeURIComponent(database)}`;
}
