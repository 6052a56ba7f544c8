import { Command } from "commander";

import { assessCommand } from "./commands/assess.ts";
import { backupCommand } from "./commands/backup.ts";
import { calendarCommand } from "./commands/calendar.ts";
import { configurationCommand } from "./commands/configuration.ts";
import { drillCommand } from "./commands/drill.ts";
import { generationCommand } from "./commands/generation.ts";
import { listCommand } from "./commands/list.ts";
import { mirrorCommand } from "./commands/mirror.ts";
import { planCommand } from "./commands/plan.ts";
import { releaseCommand } from "./commands/release.ts";
import { restoreCommand } from "./commands/restore.ts";
import { restorePlatformCommand } from "./commands/restorePlatform.ts";
import { resumeCommand } from "./commands/resume.ts";
import { sandboxCommand } from "./commands/sandbox.ts";
import { scheduleCommand } from "./commands/schedule.ts";
import { vaultCommand } from "./commands/vault.ts";
import { verifyCommand } from "./commands/verify.ts";
import { writesCommand } from "./commands/writes.ts";
import { outliveClosedOutput } from "./terminal/closedOutput.ts";
import { exitCodeOf, explanationOf } from "./terminal/failure.ts";

outliveClosedOutput();

const program = new Command("castchat-recovery")
  .description("Backup and recovery of CastChat: what the schedule runs and what an engineer runs by hand.")
  .addCommand(backupCommand())
  .addCommand(scheduleCommand())
  .addCommand(listCommand())
  .addCommand(verifyCommand())
  .addCommand(assessCommand())
  .addCommand(writesCommand())
  .addCommand(configurationCommand())
  .addCommand(planCommand())
  .addCommand(calendarCommand())
  .addCommand(restoreCommand())
  .addCommand(restorePlatformCommand())
  .addCommand(releaseCommand())
  .addCommand(generationCommand())
  .addCommand(mirrorCommand())
  .addCommand(resumeCommand())
  .addCommand(vaultCommand())
  .addCommand(drillCommand())
  .addCommand(sandboxCommand())
  .showHelpAfterError("(castchat-recovery --help lists the commands)");

for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => [...one.commands])]) {
  command.exitOverride();
}

try {
  await program.parseAsync();
} catch (error) {
  const explanation = explanationOf(error);
  if (explanation !== undefined) process.stderr.write(`${explanation}\n`);
  process.exitCode = exitCodeOf(error);
}
