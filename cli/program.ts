import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Command } from "commander";

import { EXIT_CODES_HELP, withSubcommands } from "./terminal/help.ts";

/** The commands, in the order of the help. A run loads the code of its own only. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  backup: async () => (await import("./commands/backup.ts")).backupCommand(),
  schedule: async () => (await import("./commands/schedule.ts")).scheduleCommand(),
  list: async () => (await import("./commands/list.ts")).listCommand(),
  verify: async () => (await import("./commands/verify.ts")).verifyCommand(),
  assess: async () => (await import("./commands/assess.ts")).assessCommand(),
  writes: async () => (await import("./commands/writes.ts")).writesCommand(),
  configuration: async () => (await import("./commands/configuration.ts")).configurationCommand(),
  plan: async () => (await import("./commands/plan.ts")).planCommand(),
  calendar: async () => (await import("./commands/calendar.ts")).calendarCommand(),
  restore: async () => (await import("./commands/restore/restore.ts")).restoreCommand(),
  "restore-platform": async () => (await import("./commands/restorePlatform.ts")).restorePlatformCommand(),
  "resume-jobs": async () => (await import("./commands/resumeJobs.ts")).resumeJobsCommand(),
  generation: async () => (await import("./commands/generation.ts")).generationCommand(),
  mirror: async () => (await import("./commands/mirror.ts")).mirrorCommand(),
  resume: async () => (await import("./commands/resume.ts")).resumeCommand(),
  vault: async () => (await import("./commands/vault.ts")).vaultCommand(),
  drill: async () => (await import("./commands/drill.ts")).drillCommand(),
  sandbox: async () => (await import("./commands/sandbox.ts")).sandboxCommand(),
  completion: async () => (await import("./commands/completion.ts")).completionCommand(),
};

/**
 * `castchat-recovery` with the command of these arguments, or with all commands if the arguments name none, as help and completion need them.
 * Wrong use throws a CommanderError, once commander has printed what is wrong.
 */
export async function castchatRecovery([named = ""]: readonly string[] = []): Promise<Command> {
  const program = new Command("castchat-recovery")
    .description("Backup and recovery of CastChat: what the schedule runs and what an engineer runs by hand.")
    .version(packageVersion())
    .addHelpText("after", EXIT_CODES_HELP)
    .showHelpAfterError("(castchat-recovery --help lists the commands)");
  const own = Object.hasOwn(COMMANDS, named) && named !== "completion" ? COMMANDS[named] : undefined;
  const wanted = own === undefined ? Object.values(COMMANDS) : [own];
  for (const load of wanted) program.addCommand(await load());
  for (const command of withSubcommands(program)) command.exitOverride();
  return program;
}

function packageVersion(): string {
  const file = join(import.meta.dirname, "..", "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
