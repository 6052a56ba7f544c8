import type { Clock } from "../../../services/common/clock.ts";
import type { SandboxFile } from "../../sandbox/host/layout.ts";
import type { EngineOptions } from "../stage/stacks.ts";
import type { Steps } from "../stage/steps.ts";

/** The environment of a drill. */
export interface DrillContext {
  home: string;
  file: SandboxFile;
  engine: EngineOptions;
  /** Posts in the sample database; the number of other rows follows from it. */
  rows: number;
  clock: Clock;
  steps: Steps;
}
