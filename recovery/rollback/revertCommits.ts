import { join } from "node:path";

import type { HistoryCommit } from "../../services/codeHost/gitHistory.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { deployApplication } from "../site/deployApplication.ts";
import { revertMessage } from "./badCommits.ts";
import { leftRelease } from "./finish.ts";
import { withHistory } from "./history.ts";
import { settledState } from "./moveNames.ts";
import { commandFor, type RollbackPorts, type RolledApp } from "./ports.ts";
import { isRolledBack } from "./rollBack.ts";

/** What a revert has brought. */
export interface Reverted {
  /** The commit that takes the bad ones back; undefined if an earlier run has pushed it. */
  commit: string | undefined;
  /** The commits that it takes back. */
  takenBack: string[];
  /** The deployment of the branch without them. */
  deploymentId: string;
}

/**
 * Takes the commits of the rolled-back release back on the app's branch, pushes that, and waits for its deployment, which does not get the
 * public names yet. Never forces a push. The same call continues an interrupted one: commits that are taken back already are not taken back again.
 *
 * @throws PromiseError with the commands to type, if the revert conflicts, is refused, or its build fails
 */
export async function revertRelease(
  ports: RollbackPorts,
  app: RolledApp,
  environment: NodeJS.ProcessEnv,
): Promise<Reverted> {
  const { git, signal } = ports;
  const held = await heldCommits(ports, app);
  let commit: string | undefined;
  if (held.length > 0) {
    const author = await git.identity(environment, signal);
    if (author === undefined)
      throw new UserError(
        'git does not know who makes the revert. Type: git config --global user.name "Your Name" && git config --global user.email you@example.com',
      );
    commit = await pushRevert(ports, app, held, author);
  }
  const head = commit ?? (await git.newestCommit(app.sourceUrl, app.branch, signal)) ?? "";
  return { commit, takenBack: held.map(({ id }) => id), deploymentId: await deploymentOf(ports, app, head) };
}

async function heldCommits(ports: RollbackPorts, app: RolledApp): Promise<HistoryCommit[]> {
  const { appHost, signal } = ports;
  const state = await settledState(ports, app);
  if (!isRolledBack(state))
    throw new UserError(`Project ${state.projectName} is not rolled back, so there is nothing to take back.`);
  const { good, bad } = await leftRelease(ports, state, await appHost.releases(state.projectId, signal));
  return await withHistory(ports, app, async (history, why) => {
    const held =
      history === undefined || good === undefined || bad === undefined
        ? undefined
        : await history.held({ good, bad }, history.head);
    if (held !== undefined) return held;
    throw new PromiseError(
      `It is not known which commits of ${app.branch} the bad release has brought${why === "" ? "" : ` (${why})`}. Take them back by hand (\`git revert\`), push, and run \`${commandFor(app, " finish --to DEPLOYMENT")}\`.`,
    );
  });
}

async function pushRevert(
  { git, signal, reporter }: RollbackPorts,
  app: RolledApp,
  commits: readonly HistoryCommit[],
  author: { name: string; email: string },
): Promise<string | undefined> {
  const { sourceUrl: url, branch } = app;
  return await withTemporaryFolder("revert", async (temporary) => {
    const folder = join(temporary, "copy");
    reporter(`taking ${commits.length} commits back on ${branch}`);
    const wanted = { branch, commits, message: revertMessage(commits), author };
    const { commit, conflict } = await git.revert(url, folder, wanted, signal);
    const byHand = `git switch ${branch} && git pull && git revert ${commits.map(({ id }) => id.slice(0, 12)).join(" ")}`;
    const then = `and push; then run \`${commandFor(app, " finish")}\`. The rollback stays until then.`;
    if (conflict !== undefined)
      throw new PromiseError(
        `Commit ${conflict.id.slice(0, 12)} ("${conflict.message.split("\n")[0] ?? ""}") cannot be taken back by itself: later commits of ${branch} have changed the same lines. Nothing was pushed. In a clone of the repository type \`${byHand}\`, resolve the conflict, ${then}`,
      );
    if (commit === undefined) return undefined;
    const { taken, reason } = await git.pushCommit(folder, url, commit, branch, signal);
    if (taken) return commit;
    throw new PromiseError(
      `The code host refused the revert on ${branch}: ${reason}. If ${branch} has moved, run the same command again. If it is protected, type \`${byHand}\` in a clone, open a pull request ${then}`,
    );
  });
}

/** Waits for the deployment of a commit: that which the host makes of a push or, for a project without a repository, one of our own. */
async function deploymentOf(ports: RollbackPorts, app: RolledApp, commit: string): Promise<string> {
  const { appHost, signal, timing, clock, reporter } = ports;
  const project = await appHost.project(app.project, signal);
  if (project === undefined) throw new UserError(`${appHost.name} shows no project ${app.project}.`);
  if (!project.hasRepository) {
    const { sourceUrl, branch: sourceRef } = app;
    const wanted = { ...app, projectId: project.id, projectName: project.name, sourceUrl, sourceRef };
    return (await deployApplication(ports, wanted, signal, reporter)).deploymentId;
  }
  return await poll<string>(
    async () => {
      const release = (await appHost.releases(project.id, signal)).find((one) => one.commit === commit);
      if (release?.state === "ready") return { done: release.id };
      if (release?.state === "failed")
        throw new PromiseError(
          `The build of ${commit.slice(0, 12)} failed: ${release.error ?? release.status}. The rollback stays. Correct the cause, push, and run \`${commandFor(app, " finish")}\`.`,
        );
      return { waitingFor: release === undefined ? `no build of ${commit.slice(0, 12)} yet` : release.status };
    },
    {
      patience: timing.build,
      clock,
      signal,
      progress: (state) => reporter(`waiting for ${appHost.name}: ${state}`),
      onLimit: (state, elapsed) =>
        new PromiseError(
          `${appHost.name} has no deployment of ${commit.slice(0, 12)} after ${Math.round(elapsed / 1000)} s (${state}). The rollback stays. Look at its builds, then run \`${commandFor(app, " finish")}\`.`,
        ),
    },
  );
}
