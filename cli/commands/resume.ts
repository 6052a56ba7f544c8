import { Command } from "commander";
import { hostname } from "node:os";
import { pulumiClient } from "../../clients/pulumi.ts";
import { repairCheckpoint } from "../../clients/pulumiCheckpoint.ts";
import { readUpdateLocks } from "../../clients/pulumiLocks.ts";
import { endOrphanedHosts } from "../../clients/orphans.ts";
import { resumeUpdate } from "../../operations/site/resumeUpdate.ts";
import { abortOnInterrupt } from "../interruption.ts";
import { stackOption } from "../options.ts";
import { requiredVariable } from "../stackContext.ts";

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
      await resumeUpdate({
        pulumi: pulumiClient({ stack: options.stack, workspace: process.cwd(), signal: abortOnInterrupt() }),
        stack: options.stack,
        repairCheckpoint: () => repairCheckpoint(backend, "castchat-recovery", options.stack),
        locks: await readUpdateLocks(backend, "castchat-recovery", options.stack),
        hostname: hostname(),
        endOrphans: () => endOrphanedHosts(process.env),
        ownerIsDead: options.ownerIsDead === true,
        reporter: (message) => process.stderr.write(`${message}\n`),
      });
    });
}
