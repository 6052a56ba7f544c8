import { messageOf, PromiseError } from "../../services/common/errors.ts";
import type { Judgement } from "./judge.ts";
import { moveNames } from "./moveNames.ts";
import type { RollbackPorts, RolledApp } from "./ports.ts";
import type { Sample } from "./probes.ts";
import { watchServed } from "./watchRelease.ts";

/** A deployment that gets the public names, and the way back. */
export interface JudgedMove {
  projectId: string;
  to: string;
  /** Moves the names; left out if they lead there already. */
  move?: () => Promise<void>;
  /** Moves them back; undefined if there is nothing to go back to. */
  undo: (() => Promise<void>) | undefined;
  /** The deployment that the names go back to. */
  from: string | undefined;
  /** Its answers. */
  before: readonly Sample[];
}

/** How a move has ended. */
export interface MoveOutcome extends Judgement {
  moved: boolean;
  /** Whether the names lead back to where they were. */
  undone: boolean;
}

/**
 * Moves the names, watches the app under them, and judges it. What is unhealthy is undone. What is inconclusive stays: to go back to a
 * deployment that was left for a reason needs a reason of its own.
 */
export async function judgedMove(ports: RollbackPorts, app: RolledApp, wanted: JudgedMove): Promise<MoveOutcome> {
  const { to, move, undo, from, before } = wanted;
  await move?.();
  const judgement = await watchServed(ports, app, to, before);
  const moved = move !== undefined;
  if (judgement.verdict !== "unhealthy" || undo === undefined) return { ...judgement, moved, undone: false };
  ports.reporter(`deployment ${to} is unhealthy: going back to ${from ?? ""}`);
  try {
    await undo();
  } catch (error) {
    ports.signal.throwIfAborted();
    throw new PromiseError(
      `Deployment ${to} is unhealthy (${judgement.reasons.join(" ")}), and the names could not be moved back to ${from ?? ""}: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return { ...judgement, moved, undone: true };
}

/** Promotes a deployment. A promotion switches the automatic assignment on; where it was off before, it is switched off again. */
export async function promote(
  ports: RollbackPorts,
  { projectId, to, followsBuilds }: { projectId: string; to: string; followsBuilds: boolean },
): Promise<void> {
  const { appHost, signal } = ports;
  await moveNames(ports, { projectId, to });
  const state = await appHost.releaseState(projectId, signal);
  if (state?.followsBuilds !== followsBuilds) await appHost.followBuilds(projectId, followsBuilds, signal);
}
