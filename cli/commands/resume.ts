import { hostname } from "node:os";

import { Command } from "commander";

import { unadoptedIn } from "../../recovery/adopt/adoptionState.ts";
import { endOrphans } from "../../recovery/pulumi/orphans.ts";
import { pulumiClient } from "../../recovery/pulumi/pulumi.ts";
import { repairCheckpoint } from "../../recovery/pulumi/pulumiCheckpoint.ts";
import { readUpdateLocks } from "../../recovery/pulumi/pulumiLocks.ts";
import { settingsIn } from "../../recovery/pulumi/stackSettings.ts";
import { adoptHalfMadeProject } from "../../recovery/site/halfMadeProject.ts";
import { findLeftResources } from "../../recovery/site/leftResources.ts";
import { resumeUpdate } from "../../recovery/site/resumeUpdate.ts";
import { leftResourcesPorts } from "../stack/services.ts";
import { requiredVariable } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { stackOption } from "../terminal/options.ts";
import { reportLine } from "../terminal/progress.ts";

/** `castchat-recovery resume`: continues an `up` that was killed. */
export function resumeCommand(): Command {
  return new Command("resume")
    .addOption(stackOption())
    .option("--owner-is-dead", "you have made sure that the engine on the other machine has ended")
    .addHelpText("after", example("resume -s dr"))
    .action(async (options: { stack: string; ownerIsDead?: boolean }) => {
      const backend = requiredVariable("PULUMI_BACKEND_URL", "the backend that holds the stack's state and locks");
      const signal = abortOnInterrupt();
      const pulumi = pulumiClient({ stack: options.stack, workspace: process.cwd(), signal });
      const settings = async () => settingsIn(await pulumi.config(), options.stack);
      await resumeUpdate({
        pulumi,
        stack: options.stack,
        repairCheckpoint: () => repairCheckpoint(backend, "castchat-recovery", options.stack),
        locks: await readUpdateLocks(backend, "castchat-recovery", options.stack),
        hostname: hostname(),
        endOrphans: () => endOrphans(process.env),
        ownerIsDead: options.ownerIsDead === true,
        findLeftResources: async (pending, since) =>
          findLeftResources(pending, { ...leftResourcesPorts(await settings()), since, reporter: reportLine, signal }),
        unadopted: async () => {
          const own = await settings();
          return own.role === "primary" ? unadoptedIn(await pulumi.exportState(), own) : [];
        },
        adoptHalfMade: async () => {
          const { apps } = await settings();
          const { appHost } = leftResourcesPorts(await settings());
          for (const { project } of apps)
            await adoptHalfMadeProject({ pulumi, appHost, reporter: reportLine, signal }, project, options.stack);
        },
        reporter: reportLine,
      });
    });
}
