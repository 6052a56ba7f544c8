import type { Release, ReleaseState } from "../../services/appHost/appReleases.ts";
import { messageOf, PromiseError, UserError } from "../../services/common/errors.ts";
import { named } from "../../services/common/named.ts";
import type { BranchHistory } from "./history.ts";
import { judge } from "./judge.ts";
import { type AppliedMigration, type SchemaFit, schemaFit } from "./migrations.ts";
import { commandFor, type RollbackPorts, type RolledApp } from "./ports.ts";
import type { Sample } from "./probes.ts";
import { probeDeployment } from "./watchRelease.ts";

/** Releases that are looked at in search of one that is healthy and fits. */
const LOOKED_AT = 5;

/** A release to go back to, and what was found on the way. */
export interface ChosenRelease {
  release: Release;
  /** Its answers at its own address. */
  samples: Sample[];
  schema: SchemaFit;
  /** What the engineer has to know. */
  notes: string[];
}

/** What the search needs. */
export interface TargetSearch {
  state: ReleaseState;
  /** The one that was named. */
  to: string | undefined;
  /** Take one that may not fit the database's schema. */
  despiteSchema: boolean;
  history: BranchHistory | undefined;
}

/** The releases that a rollback may lead to: ready, older than the one that serves, and not refused by the host; newest first. Pure. */
export function candidatesOf(releases: readonly Release[], servedId: string | undefined): Release[] {
  const served = releases.find(({ id }) => id === servedId);
  return releases.filter(
    ({ id, state, isCandidate, createdAt }) =>
      id !== servedId &&
      state === "ready" &&
      isCandidate !== false &&
      (served === undefined || createdAt.getTime() <= served.createdAt.getTime()),
  );
}

/**
 * Chooses the release to go back to: the named one, or the newest before the present one that is healthy at its own address and fits the
 * database's schema. Moves nothing.
 *
 * @throws PromiseError if none can be taken, with the reason for each, and where to go instead; UserError for a name of no such release
 */
export async function chooseTarget(ports: RollbackPorts, app: RolledApp, search: TargetSearch): Promise<ChosenRelease> {
  const { appHost, signal, reporter } = ports;
  const { state, to } = search;
  const candidates = candidatesOf(await appHost.releases(state.projectId, signal), state.servedId);
  const wanted = to === undefined ? candidates.slice(0, LOOKED_AT) : [await namedRelease(ports, app, search, to)];
  if (wanted.length === 0)
    throw new PromiseError(
      `Project ${state.projectName} has no earlier production deployment that can be taken. Take the bad commits back on ${app.branch} (\`git revert\`) and push.`,
    );
  const migrations = await readMigrations(ports);
  const refused: string[] = [];
  let misfits = 0;
  for (const release of wanted) {
    reporter(`asking deployment ${release.id} at its own address`);
    const schema = await fitOf(release, migrations, search.history);
    if (schema.fits !== "yes" && !search.despiteSchema) {
      refused.push(`${release.id}: ${schema.says}`);
      misfits += 1;
      continue;
    }
    const samples = await probeDeployment(ports, app, { ...release, projectId: state.projectId });
    const { verdict, reasons } = judge(samples);
    if (verdict === "healthy")
      return { release, samples, schema, notes: await notesFor(ports, search, release, schema) };
    refused.push(`${release.id} is ${verdict} at its own address: ${reasons.join(" ")}`);
  }
  const forward = await forwardOf(ports, app, search, { wanted, migrations });
  const despite = misfits > 0 ? " To go back all the same, add `--despite schema`." : "";
  throw new PromiseError(`Nothing was moved. ${refused.join(" ")} ${forward}${despite}`);
}

/** The release that was named, with the reasons why it cannot be taken. */
async function namedRelease(
  { appHost, signal }: RollbackPorts,
  app: RolledApp,
  { state }: TargetSearch,
  to: string,
): Promise<Release> {
  const all = await appHost.releases(state.projectId, signal);
  const found = all.find(({ id, url }) => id === to || new URL(url).host === to);
  const list = `\`${commandFor(app, " status")}\` lists those that can be taken.`;
  if (found === undefined)
    throw new UserError(
      `Deployment ${to} is not among the newest production deployments of ${state.projectName}. ${list}`,
    );
  if (found.state !== "ready") throw new UserError(`Deployment ${to} is not ready (${found.status}). ${list}`);
  if (found.isCandidate === false)
    throw new UserError(
      `${appHost.name} takes no rollback to deployment ${to}: it has never served the names. ${list}`,
    );
  return found;
}

/** The migrations of the database, or why they cannot be read. */
type KnownMigrations = { applied: readonly AppliedMigration[] | undefined } | { why: string };

async function readMigrations({ migrations, signal }: RollbackPorts): Promise<KnownMigrations> {
  try {
    return { applied: await migrations(signal) };
  } catch (error) {
    signal.throwIfAborted();
    return { why: messageOf(error) };
  }
}

async function fitOf(
  { commit, createdAt }: Release,
  migrations: KnownMigrations,
  history: BranchHistory | undefined,
): Promise<SchemaFit> {
  if ("why" in migrations)
    return { fits: "unknown", says: `The database's migrations cannot be read: ${migrations.why}` };
  const known = commit === undefined ? undefined : await history?.migrationsAt(commit);
  return schemaFit({ applied: migrations.applied, known, createdAt });
}

/** What a rollback does not bring back, or brings back unasked. */
async function notesFor(
  { appHost, signal }: RollbackPorts,
  { state, despiteSchema }: TargetSearch,
  { createdAt }: Release,
  schema: SchemaFit,
): Promise<string[]> {
  const variables = await appHost.listVariables(state.projectId, signal);
  const changed = variables.filter(
    ({ targets, branch, changedAt }) =>
      targets.includes("production") && branch === undefined && changedAt !== undefined && changedAt > createdAt,
  );
  return [
    ...(despiteSchema && schema.fits !== "yes" ? [`Taken despite its schema: ${schema.says}`] : []),
    ...(changed.length === 0
      ? []
      : [
          `It runs with the variables of its own time. Set or changed since then: ${named(changed.map(({ key }) => key))}.`,
        ]),
    "The app's scheduled calls become those of the earlier deployment.",
    ...(state.isRolling ? ["The rolling release that is under way ends."] : []),
  ];
}

/** A release to go to instead of the refused ones, and the command for it. */
async function forwardOf(
  ports: RollbackPorts,
  app: RolledApp,
  { state, history }: TargetSearch,
  { wanted, migrations }: { wanted: readonly Release[]; migrations: KnownMigrations },
): Promise<string> {
  const releases = await ports.appHost.releases(state.projectId, ports.signal);
  const served = releases.findIndex(({ id }) => id === state.servedId);
  const newer = releases.slice(0, Math.max(served, 0)).filter((one) => one.state === "ready");
  const others = [...newer, ...candidatesOf(releases, state.servedId)].filter(
    ({ id }) => !wanted.some((one) => one.id === id),
  );
  for (const one of others.slice(0, LOOKED_AT))
    if ((await fitOf(one, migrations, history)).fits === "yes") {
      const rest = newer.includes(one) ? " finish --to" : " --to";
      return `Go to deployment ${one.id} instead, which fits the database: \`${commandFor(app, `${rest} ${one.id}`)}\`.`;
    }
  return `Go forward instead: take the bad commits back on ${app.branch} (\`git revert\`) and push.`;
}
