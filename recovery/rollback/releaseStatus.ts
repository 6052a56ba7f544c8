import type { Release, ReleaseState } from "../../services/appHost/appReleases.ts";
import { candidatesOf } from "./chooseTarget.ts";
import { leftRelease } from "./finish.ts";
import { withHistory } from "./history.ts";
import { settledState } from "./moveNames.ts";
import type { RollbackPorts, RolledApp } from "./ports.ts";
import { isRolledBack } from "./rollBack.ts";

/** Where an app's releases stand. */
export interface ReleaseStatus {
  state: ReleaseState;
  isRolledBack: boolean;
  /** Those that a rollback may lead to, newest first. */
  candidates: Release[];
  /** Commits of the bad release that the branch still has; undefined if it is not known, or nothing is rolled back. */
  heldCommits: string[] | undefined;
}

/** Looks at an app's releases, and changes nothing. */
export async function releaseStatus(ports: RollbackPorts, app: RolledApp): Promise<ReleaseStatus> {
  const state = await settledState(ports, app);
  const releases = await ports.appHost.releases(state.projectId, ports.signal);
  const candidates = candidatesOf(releases, state.servedId);
  if (!isRolledBack(state)) return { state, isRolledBack: false, candidates, heldCommits: undefined };
  const { good, bad } = await leftRelease(ports, state, releases);
  const held = await withHistory(ports, app, async (history) =>
    history === undefined || good === undefined || bad === undefined
      ? undefined
      : await history.held({ good, bad }, history.head),
  );
  return { state, isRolledBack: true, candidates, heldCommits: held?.map(({ id }) => id) };
}
