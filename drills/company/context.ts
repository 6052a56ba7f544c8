import type { Clock } from "../../clients/clock.ts";
import type { SandboxFile } from "../../sandbox/layout.ts";
import type { EngineOptions } from "../stacks.ts";
import type { Steps } from "../steps.ts";

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
