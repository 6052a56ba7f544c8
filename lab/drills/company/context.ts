import type { Clock } from "../../../services/common/clock.ts";
import type { SandboxFile } from "../../sandbox/host/layout.ts";
import type { EngineOptions } from "../stage/stacks.ts";
import type { Steps } from "../stage/steps.ts";

/** What the drill runs in. */
export interface DrillContext {
  home: string;
  file: SandboxFile;
  engine: EngineOptions;
  /** Posts in the sample database; the other tables follow from it. */
  rows: number;
  clock: Clock;
  steps: Steps;
}
