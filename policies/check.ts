import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { dayOf } from "../planning/retention/time.ts";
import { previewApart, registeredApart } from "../recovery/pulumi/pulumiApart.ts";
import { systemClock } from "../services/common/clock.ts";
import { UserError } from "../services/common/errors.ts";
import { withTemporaryFolder } from "../services/common/temporaryFolder.ts";
import { visibleText } from "../services/common/visibleText.ts";
import { prepareEngine } from "./engine.ts";
import { previewModes } from "./modes.ts";
import { keepEveryPromise } from "./stacks/keepEveryPromise.ts";
import { judge, RULES } from "./verdict.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const PACK = fileURLToPath(new URL(".", import.meta.url));
const STANDBY = "dr";
const STACKS = ["prod", STANDBY];

/**
 * `node policies/check.ts [project folder]`: previews both stacks, prints the verdict and exits with its code.
 *
 * @param workspace the folder of the Pulumi project to check
 */
async function main(workspace: string): Promise<number> {
  const interruption = new AbortController();
  const interrupt = () => {
    interruption.abort(new UserError("Interrupted; nothing was changed."));
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, interrupt);
  try {
    const { signal } = interruption;
    const { reports, modes } = await withTemporaryFolder("policy", async (folder) => {
      const path = await prepareEngine(join(folder, "bin"), process.env["PATH"] ?? "");
      const common = { workspace, policyPack: PACK, path, signal };
      const made = await Promise.all(
        STACKS.map(async (stack) => ({ stack, ...(await previewApart({ ...common, stack })) })),
      );
      // What fails or is broken already is enough to mend.
      const isClean = made.every(({ failure, violations }) => failure === undefined && violations.length === 0);
      return { reports: made, modes: isClean ? await previewModes({ ...common, stack: STANDBY }) : [] };
    });
    const isWhole = reports.every(({ failure }) => failure === undefined);
    const recorded = isWhole ? await record({ workspace, signal }) : [];
    const promises = () => keepEveryPromise(recorded, dayOf(systemClock().getTime()));
    const { lines, exitCode } = judge(reports, { ...RULES, "stacks-keep-every-promise": promises }, modes);
    process.stdout.write(`${visibleText(lines.join("\n"))}\n`);
    return exitCode;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${visibleText(error.message)}\n`);
    return 2;
  }
}

/** What the stacks register, with the values that their previews don't know. */
function record(options: { workspace: string; signal: AbortSignal }) {
  return Promise.all(STACKS.map(async (stack) => ({ stack, ...(await registeredApart({ ...options, stack })) })));
}

process.exitCode = await main(process.argv[2] ?? PROJECT);
