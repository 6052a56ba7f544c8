import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Command } from "commander";

import { assessCommand } from "./commands/assess.ts";
import { backupCommand } from "./commands/backup.ts";
import { calendarCommand } from "./commands/calendar.ts";
import { completionCommand } from "./commands/completion.ts";
import { configurationCommand } from "./commands/configuration.ts";
import { drillCommand } from "./commands/drill.ts";
import { generationCommand } from "./commands/generation.ts";
import { listCommand } from "./commands/list.ts";
import { mirrorCommand } from "./commands/mirror.ts";
import { planCommand } from "./commands/plan.ts";
import { restoreCommand } from "./commands/restore/restore.ts";
import { restorePlatformCommand } from "./commands/restorePlatform.ts";
import { resumeCommand } from "./commands/resume.ts";
import { resumeJobsCommand } from "./commands/resumeJobs.ts";
import { sandboxCommand } from "./commands/sandbox.ts";
import { scheduleCommand } from "./commands/schedule.ts";
import { vaultCommand } from "./commands/vault.ts";
import { verifyCommand } from "./commands/verify.ts";
import { writesCommand } from "./commands/writes.ts";
import { EXIT_CODES_HELP, withSubcommands } from "./terminal/help.ts";

/** All commands of `castchat-recovery`. Wrong use throws a CommanderError, once commander has printed what is wrong. */
export function castchatRecovery(): Command {
  const program = new Command("castchat-recovery")
    .description("Backup and recovery of CastChat: what the schedule runs and what an engineer runs by hand.")
    .version(packageVersion())
    .addHelpText("after", EXIT_CODES_HELP)
    .showHelpAfterError("(castchat-recovery --help lists the commands)");
  // In the order of the help.
  const commands = [
    backupCommand(),
    scheduleCommand(),
    listCommand(),
    verifyCommand(),
    assessCommand(),
    writesCommand(),
    configurationCommand(),
    planCommand(),
    calendarCommand(),
    restoreCommand(),
    restorePlatformCommand(),
    resumeJobsCommand(),
    generationCommand(),
    mirrorCommand(),
    resumeCommand(),
    vaultCommand(),
    drillCommand(),
    sandboxCommand(),
    completionCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of withSubcommands(program)) command.exitOverride();
  return program;
}

function packageVersion(): string {
  const file = join(import.meta.dirname, "..", "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
