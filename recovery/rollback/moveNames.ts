import type { LastMove, ReleaseState } from "../../services/appHost/appReleases.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import type { RollbackPorts, RolledApp } from "./ports.ts";

/** The state of an app's releases, once a move that another run has asked for is done. UserError if the host has no such project. */
export async function settledState(ports: RollbackPorts, app: RolledApp): Promise<ReleaseState> {
  const { appHost, signal } = ports;
  return await wait(ports, "The last move of the public names", async () => {
    const state = await appHost.releaseState(app.project, signal);
    if (state === undefined)
      throw new UserError(
        `${appHost.name} shows no project ${app.project}: correct the app's project in Pulumi.${app.stack}.yaml, or set ${appHost.tokenName} to a token that sees it.`,
      );
    const last = state.lastMove;
    return last?.state === "pending" ? { waitingFor: last.status } : { done: state };
  });
}

/**
 * Moves an app's production names, and waits until each of them is served from the deployment: a host may accept a move before it has done it.
 *
 * @param remark set for a rollback, which the host keeps it with; a promotion has none
 */
export async function moveNames(
  ports: RollbackPorts,
  { projectId, to, remark }: { projectId: string; to: string; remark?: string },
): Promise<void> {
  const { appHost, signal, reporter } = ports;
  const earlier = (await appHost.releaseState(projectId, signal))?.lastMove?.at;
  reporter(`pointing the public names to deployment ${to}`);
  if (remark === undefined) await appHost.promoteDeployment(projectId, to, signal);
  else await appHost.rollBackTo(projectId, to, remark, signal);
  const names = (await appHost.publicNames(projectId, signal)).filter(
    ({ isVerified, isOfPreview, redirectsTo }) => isVerified && isOfPreview !== true && redirectsTo === undefined,
  );
  await wait(ports, `The move to deployment ${to}`, async () => {
    const state = await appHost.releaseState(projectId, signal);
    // What failed before this run asked says nothing of it.
    if (state?.lastMove?.at.getTime() !== earlier?.getTime()) refuseFailed(state?.lastMove, to, appHost.name);
    if (state?.servedId !== to) return { waitingFor: `deployment ${state?.servedId ?? "none"} still serves` };
    for (const { name } of names) {
      const served = await appHost.servedFrom(name, signal);
      if (served !== to) return { waitingFor: `${name} is served from ${served ?? "no deployment"}` };
    }
    return { done: true };
  });
}

function refuseFailed(last: LastMove | undefined, to: string, host: string): void {
  if (last?.to !== to || last.state !== "failed") return;
  throw new PromiseError(
    `${host} could not move the public names to deployment ${to} (${last.status}). Run the same command again; if it fails again, move them in the dashboard of ${host}.`,
  );
}

function wait<T>(
  { timing, clock, signal, reporter }: RollbackPorts,
  what: string,
  look: () => Promise<{ done: T } | { waitingFor: string }>,
): Promise<T> {
  return poll<T>(look, {
    patience: timing.traffic,
    clock,
    signal,
    progress: reporter,
    onLimit: (state, elapsed) =>
      new PromiseError(
        `${what} was not done after ${Math.round(elapsed / 1000)} s: ${state}. Run the same command again, which continues.`,
      ),
  });
}
