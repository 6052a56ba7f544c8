import { Command } from "commander";
import { hostname } from "node:os";
import { pulumiClient } from "../../clients/pulumi.ts";
import { repairCheckpoint } from "../../clients/pulumiCheckpoint.ts";
import { readUpdateLocks } from "../../clients/pulumiLocks.ts";
import { endOrphanedHosts } from "../../clients/orphans.ts";
import { adoptHalfMadeProject } from "../../operations/site/halfMadeProject.ts";
import { findLeftResources } from "../../operations/site/leftResources.ts";
import { resumeUpdate } from "../../operations/site/resumeUpdate.ts";
import { abortOnInterrupt } from "../interruption.ts";
import { stackOption } from "../options.ts";
import { leftResourcesPorts } from "../services.ts";
import { requiredVariable, settingsIn } from "../stackContext.ts";

/** `castchat-recovery resume`: goes on with an `up` that was killed. */
export function resumeCommand(): Command {
  return new Command("resume")
    .description(
      "go on with a killed `pulumi up`: prove that its engine is dead, drop its lock, settle what it was creating, run `up`",
    )
    .addOption(stackOption())
    .option("--owner-is-dead", "you have made sure that the engine on the other machine has ended")
    .action(async (options: { stack: string; ownerIsDead?: boolean }) => {
      const backend = requiredVariable("PULUMI_BACKEND_URL", "the backend that holds the stack's state and locks");
      const pulumi = pulumiClient({ stack: options.stack, workspace: process.cwd(), signal: abortOnInterrupt() });
      const reporter = (message: string): boolean => process.stderr.write(`${message}\n`);
      const settings = async () => settingsIn(await pulumi.config(), options.stack);
      await resumeUpdate({
        pulumi,
        stack: options.stack,
        repairCheckpoint: () => repairCheckpoint(backend, "castchat-recovery", options.stack),
        locks: await readUpdateLocks(backend, "castchat-recovery", options.stack),
        hostname: hostname(),
        endOrphans: () => endOrphanedHosts(process.env),
        ownerIsDead: options.ownerIsDead === true,
        findLeftResources: async (pending) =>
          findLeftResources(pending, { ...leftResourcesPorts(await settings()), reporter }),
        adoptHalfMade: async () => {
          const { vercelProject } = await settings();
          const { vercel } = leftResourcesPorts(await settings());
          await adoptHalfMadeProject({ pulumi, vercel, reporter }, vercelProject, options.stack);
        },
        reporter,
      });
    });
}
