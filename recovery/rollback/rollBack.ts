import type { ReleaseState } from "../../services/appHost/appReleases.ts";
import { chooseTarget, type ChosenRelease } from "./chooseTarget.ts";
import { type BranchHistory, withHistory } from "./history.ts";
import { judgedMove, type MoveOutcome, promote } from "./judgedMove.ts";
import { moveNames, settledState } from "./moveNames.ts";
import { commandFor, type RollbackPorts, type RolledApp } from "./ports.ts";
import type { Sample } from "./probes.ts";
import { readRemark, remarkText } from "./remark.ts";
import { probeDeployment } from "./watchRelease.ts";

/** What the engineer asks for. */
export interface RollbackWish {
  /** A deployment's id or own host name. @default - the newest healthy one before the present one */
  to?: string | undefined;
  despiteSchema: boolean;
  /** Only look. */
  preview: boolean;
}

/** How a rollback has ended. */
export interface RolledBack extends Omit<MoveOutcome, "verdict"> {
  verdict: MoveOutcome["verdict"] | "not asked";
  project: string;
  /** The deployment that was left; undefined if the names led to the wanted one already. */
  from: string | undefined;
  badCommit: string | undefined;
  to: string;
  commit: string | undefined;
  notes: string[];
  /** The lines of the plan. */
  plan: string[];
  /** Whether the automatic assignment of the names is off now. */
  holdsBuilds: boolean;
}

/**
 * Goes back to an earlier release of an app, and judges what its visitors then get. Interrupted at any place, the same call continues: the host
 * knows which deployment serves, and which one was left.
 *
 * @throws PromiseError if no release can be taken, or the host does not move the names; UserError for a wrong name
 */
export async function rollBack(ports: RollbackPorts, app: RolledApp, wish: RollbackWish): Promise<RolledBack> {
  const state = await settledState(ports, app);
  const { to } = wish;
  if (state.servedId !== undefined && (to === state.servedId || (to === undefined && isRolledBack(state))))
    return await continued(ports, app, state, { ...wish, to: state.servedId });
  return await withHistory(ports, app, (history, why) => begun(ports, app, { state, wish, history, why }));
}

/** Whether a project stands where a rollback has left it. */
export function isRolledBack({ followsBuilds, lastMove, servedId }: ReleaseState): boolean {
  return !followsBuilds && lastMove?.kind === "rollback" && lastMove.to === servedId;
}

interface Begun {
  state: ReleaseState;
  wish: RollbackWish;
  history: BranchHistory | undefined;
  why: string;
}

async function begun(ports: RollbackPorts, app: RolledApp, { state, wish, history, why }: Begun): Promise<RolledBack> {
  const { appHost, signal } = ports;
  const { projectId, servedId: from } = state;
  const { to, despiteSchema } = wish;
  const served = from === undefined ? undefined : await appHost.deployment(from, signal);
  const chosen = await chooseTarget(ports, app, { state, to, despiteSchema, history });
  const remark = { badCommit: served?.commit, followedBuilds: state.followsBuilds };
  const target = chosen.release.id;
  const facts = {
    project: state.projectName,
    from,
    badCommit: served?.commit,
    to: target,
    commit: chosen.release.commit,
  };
  const plan = planLines(app, state, chosen, served?.commit, why);
  const { notes } = chosen;
  if (wish.preview)
    return {
      ...facts,
      notes,
      plan,
      moved: false,
      undone: false,
      verdict: "not asked",
      reasons: [],
      holdsBuilds: !state.followsBuilds,
    };
  await ports.agree(plan);
  const before = served === undefined ? [] : await probeDeployment(ports, app, { ...served, projectId });
  const outcome = await judgedMove(ports, app, {
    projectId,
    to: target,
    from,
    before,
    move: () => moveNames(ports, { projectId, to: target, remark: remarkText(remark) }),
    undo:
      from === undefined
        ? undefined
        : () => promote(ports, { projectId, to: from, followsBuilds: state.followsBuilds }),
  });
  return { ...facts, notes, plan, ...outcome, holdsBuilds: outcome.undone ? !state.followsBuilds : true };
}

/** The names lead to the wanted deployment already: this run only judges it, and undoes what an interrupted one has done. */
async function continued(
  ports: RollbackPorts,
  app: RolledApp,
  state: ReleaseState,
  { preview, to }: RollbackWish & { to: string },
): Promise<RolledBack> {
  const { appHost, signal } = ports;
  const { projectId } = state;
  const served = await appHost.deployment(to, signal);
  const from = isRolledBack(state) ? state.lastMove?.from : undefined;
  const left = from === undefined ? undefined : await appHost.deployment(from, signal);
  const remark = readRemark(state.remark);
  const facts = {
    project: state.projectName,
    from,
    badCommit: left?.commit ?? (from === undefined ? undefined : remark?.badCommit),
    to,
    commit: served?.commit,
    notes: [`The public names lead to deployment ${to} already: nothing was moved.`],
  };
  const plan = [`The public names of ${state.projectName} lead to deployment ${to} already. It is only watched.`];
  const holdsBuilds = !state.followsBuilds;
  if (preview) return { ...facts, plan, moved: false, undone: false, verdict: "not asked", reasons: [], holdsBuilds };
  const before: Sample[] = left?.state === "ready" ? await probeDeployment(ports, app, { ...left, projectId }) : [];
  const followsBuilds = remark?.followedBuilds ?? true;
  const outcome = await judgedMove(ports, app, {
    projectId,
    to,
    from,
    before,
    undo: left?.state === "ready" ? () => promote(ports, { projectId, to: left.id, followsBuilds }) : undefined,
  });
  return { ...facts, plan, ...outcome, holdsBuilds: outcome.undone ? !followsBuilds : holdsBuilds };
}

function planLines(
  app: RolledApp,
  { projectName, servedId, followsBuilds }: ReleaseState,
  { release, schema, notes }: ChosenRelease,
  badCommit: string | undefined,
  why: string,
): string[] {
  const commitOf = (commit: string | undefined) => (commit === undefined ? "" : `, commit ${commit.slice(0, 8)}`);
  return [
    `Project ${projectName}: ${app.publicNames.join(", ")} go`,
    `  from ${servedId ?? "no deployment"}${commitOf(badCommit)}`,
    `  to   ${release.id}${commitOf(release.commit)}, of ${release.createdAt.toISOString()}, which is healthy at its own address.`,
    schema.says,
    ...(why === "" ? [] : [`The history of ${app.branch} could not be read: ${why}`]),
    ...notes,
    ...(followsBuilds
      ? [`New deployments do not get the names from then on, until \`${commandFor(app, " finish")}\`.`]
      : ["New deployments do not get the names now either: the automatic assignment is off."]),
  ];
}
