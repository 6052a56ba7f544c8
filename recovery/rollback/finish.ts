import type { Release, ReleaseState } from "../../services/appHost/appReleases.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import { type BranchHistory, withHistory } from "./history.ts";
import { judge } from "./judge.ts";
import { judgedMove, type MoveOutcome, promote } from "./judgedMove.ts";
import { moveNames, settledState } from "./moveNames.ts";
import { commandFor, type RollbackPorts, type RolledApp } from "./ports.ts";
import { readRemark } from "./remark.ts";
import { isRolledBack } from "./rollBack.ts";
import { probeDeployment } from "./watchRelease.ts";

/** How the end of a rollback has gone. */
export interface Finished extends Omit<MoveOutcome, "verdict"> {
  verdict: MoveOutcome["verdict"] | "not asked";
  project: string;
  /** The deployment that serves now. */
  to: string | undefined;
  commit: string | undefined;
  /** Whether new deployments get the names by themselves again. */
  followsBuilds: boolean;
}

/**
 * Ends a rollback: the newest good deployment gets the public names, and the automatic assignment is what it was before. A deployment is good if
 * its commit no longer holds the bad one, and it is healthy at its own address. If it is unhealthy under the names, the rollback is restored.
 *
 * @param to a deployment that the engineer takes for good
 * @throws PromiseError if there is no good one yet, with the command to type
 */
export async function finishRollback(
  ports: RollbackPorts,
  app: RolledApp,
  { to }: { to?: string | undefined } = {},
): Promise<Finished> {
  const state = await settledState(ports, app);
  const { servedId, projectName: project } = state;
  if (!isRolledBack(state) && to === undefined)
    return {
      project,
      to: servedId,
      commit: undefined,
      moved: false,
      undone: false,
      verdict: "not asked",
      reasons: [],
      followsBuilds: state.followsBuilds,
    };
  const release = await withHistory(ports, app, (history, why) => goodRelease(ports, app, { state, to, history, why }));
  return await take(ports, app, state, release);
}

async function take(ports: RollbackPorts, app: RolledApp, state: ReleaseState, release: Release): Promise<Finished> {
  const { appHost, signal, reporter } = ports;
  const { projectId, servedId } = state;
  const followsBuilds = isRolledBack(state) ? (readRemark(state.remark)?.followedBuilds ?? true) : state.followsBuilds;
  reporter(`asking deployment ${release.id} at its own address`);
  const own = judge(await probeDeployment(ports, app, { ...release, projectId }));
  if (own.verdict !== "healthy")
    throw new PromiseError(
      `Nothing was moved. Deployment ${release.id} is ${own.verdict} at its own address: ${own.reasons.join(" ")} Correct it and push again, then run \`${commandFor(app, " finish")}\`.`,
    );
  await ports.agree([
    `Project ${state.projectName}: ${app.publicNames.join(", ")} go from ${servedId ?? "no deployment"} to ${release.id}${release.commit === undefined ? "" : `, commit ${release.commit.slice(0, 8)}`}.`,
    `New deployments ${followsBuilds ? "get the names by themselves again" : "do not get the names by themselves, as before the rollback"}.`,
  ]);
  const served = servedId === undefined ? undefined : await appHost.deployment(servedId, signal);
  const before = served?.state === "ready" ? await probeDeployment(ports, app, { ...served, projectId }) : [];
  const outcome = await judgedMove(ports, app, {
    projectId,
    to: release.id,
    from: servedId,
    before,
    move: async () => {
      await promote(ports, { projectId, to: release.id, followsBuilds });
    },
    undo:
      servedId === undefined || servedId === release.id
        ? undefined
        : () => moveNames(ports, { projectId, to: servedId, remark: state.remark ?? "" }),
  });
  const facts = { project: state.projectName, to: outcome.undone ? servedId : release.id, commit: release.commit };
  return { ...facts, ...outcome, followsBuilds: outcome.undone ? false : followsBuilds };
}

interface Search {
  state: ReleaseState;
  to: string | undefined;
  history: BranchHistory | undefined;
  why: string;
}

/** The named release, or the newest one whose commit no longer holds the bad release. */
async function goodRelease(
  ports: RollbackPorts,
  app: RolledApp,
  { state, to, history, why }: Search,
): Promise<Release> {
  const { appHost, signal } = ports;
  const releases = await appHost.releases(state.projectId, signal);
  if (to !== undefined) {
    const found = releases.find(({ id, url }) => id === to || new URL(url).host === to);
    if (found?.state === "ready") return found;
    throw new UserError(
      `Deployment ${to} is not among the newest production deployments of ${state.projectName}${found === undefined ? "" : ` that are ready (it is ${found.status})`}. \`${commandFor(app, " status")}\` lists them.`,
    );
  }
  const { good, bad, leftAt } = await leftRelease(ports, state, releases);
  const byName = `Name a good deployment: \`${commandFor(app, " finish --to DEPLOYMENT")}\`.`;
  if (history === undefined)
    throw new PromiseError(
      `The history of ${app.branch} cannot be read (${why}), so it is not known which deployments are good. ${byName}`,
    );
  if (good === undefined || bad === undefined)
    throw new PromiseError(
      `The commit of the bad deployment is not known, so no later one is known to be without it. ${byName}`,
    );
  const later = releases.filter(
    ({ state: at, createdAt, id }) => at === "ready" && id !== state.servedId && createdAt > leftAt,
  );
  for (const one of later) {
    if (one.commit === undefined) continue;
    const held = await history.held({ good, bad }, one.commit);
    if (held?.length === 0) return one;
  }
  const held = await history.held({ good, bad }, history.head);
  if (held === undefined)
    throw new PromiseError(
      `${app.branch} does not have the commits of the rolled-back releases, so they cannot be compared. ${byName}`,
    );
  throw new PromiseError(
    held.length === 0
      ? `${app.branch} no longer holds the bad commits, but no deployment of it is ready yet. Wait for its build, then run \`${commandFor(app, " finish")}\`.`
      : `The automatic assignment stays off: ${app.branch} still holds ${held.length} bad commits, the newest ${held[0]?.id.slice(0, 8) ?? ""}. Take them back: \`${commandFor(app, " --revert-commit")}\`.`,
  );
}

/** The release that was left, by the host's record or, if it is deleted, by the remark. */
export async function leftRelease(
  { appHost, signal }: RollbackPorts,
  state: ReleaseState,
  releases: readonly Release[],
): Promise<{ good: string | undefined; bad: string | undefined; leftAt: Date }> {
  const from = state.lastMove?.from;
  const left = releases.find(({ id }) => id === from);
  const served = state.servedId === undefined ? undefined : await appHost.deployment(state.servedId, signal);
  return {
    good: served?.commit,
    bad: left?.commit ?? readRemark(state.remark)?.badCommit,
    leftAt: left?.createdAt ?? state.lastMove?.at ?? new Date(0),
  };
}
