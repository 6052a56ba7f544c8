import { existsSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { checkpointPath } from "../../settings/stateBackendUrl.ts";
import { layout } from "./host/layout.ts";

/**
 * Creates the stacks of a sandbox's workspace, unless they exist, so that `pulumi up -s prod` works in it at once. Throws with Pulumi's own
 * words when it refuses.
 */
export async function createStacks(
  home: string,
  workspace: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  for (const stack of ["dr", "prod"]) {
    if (existsSync(join(layout(home).state, `${checkpointPath("castchat-recovery", stack)}.json`))) continue;
    await execa("pulumi", ["stack", "init", stack, "--no-select", "--non-interactive"], {
      cwd: workspace,
      env: { ...environment, NO_COLOR: "1" },
      stdin: "ignore",
    });
  }
}
