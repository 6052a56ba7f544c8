import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { castchatRecovery } from "../stage/commandLine.ts";
import type { DrillContext } from "./context.ts";
import { LIVE_APPS, LIVE_VARIABLES } from "./liveNames.ts";

/** The variables that a recovery makes from its own database. */
export const MAPPED_VARIABLES = ["DATABASE_URL", "SUPABASE_URL", "SUPABASE_ANON_KEY"] as const;

/** Seals the variables of each app from a file, as an engineer does who keeps the secrets elsewhere. */
export async function sealVariables({ steps, engine }: DrillContext): Promise<void> {
  await steps.run("Seal the apps' variables", async (say) => {
    const lines = [
      ...MAPPED_VARIABLES.map((key) => `${key}=`),
      ...LIVE_VARIABLES.map(({ key, value }) => `${key}='${value}'`),
    ];
    const file = join(engine.workspace, "castchat.env");
    await writeFile(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    try {
      for (const { project } of LIVE_APPS) {
        say(project);
        await castchatRecovery(["env", "import", file, "--stack", "prod", "--app", project], engine);
      }
    } finally {
      await rm(file);
    }
  });
}
