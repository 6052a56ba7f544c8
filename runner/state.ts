import { readStackState } from "../recovery/pulumi/stackState.ts";
import type { RunnerSettings } from "../settings/runnerSettings.ts";

const NO_BACKEND =
  "the last `pulumi up` did not name a backend that a run can read: set PULUMI_BACKEND_URL (s3://…) there; `castchat-recovery backup` stores the state too";

/** Pulumi's state, whose secrets only the stack's own key opens; the run needs neither that key nor an engine. */
export async function readState({ state, stack }: RunnerSettings): Promise<unknown> {
  if (state === undefined) throw new Error(NO_BACKEND);
  return await readStackState(state.backend, state.project, stack);
}
