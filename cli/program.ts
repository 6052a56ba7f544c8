import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Command } from "commander";

import { EXIT_CODES_HELP, withSubcommands } from "./terminal/help.ts";

/** A command before its code is loaded. */
interface Listed {
  readonly description: string;
  readonly load: () => Promise<Command>;
}

/** The commands, in the order of the help. A run loads the code of its own only. */
const COMMANDS: Readonly<Record<string, Listed>> = {
  init: {
    description: "find what runs today and write the settings of both stacks; creates and changes nothing else",
    load: async () => (await import("./commands/init.ts")).initCommand(),
  },
  bootstrap: {
    description: "make what a stack needs before its first `pulumi up`: state bucket, secrets key, deployers' role",
    load: async () => (await import("./commands/bootstrap.ts")).bootstrapCommand(),
  },
  doctor: {
    description: "look at everything that a backup, a drill and a recovery depend on, and change nothing",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  },
  backup: {
    description: "take a consistent backup of the stack's database and configuration, store it, and read it back",
    load: async () => (await import("./commands/backup.ts")).backupCommand(),
  },
  schedule: {
    description: "a stack's scheduled backups, and how the last runs ended",
    load: async () => (await import("./commands/schedule/schedule.ts")).scheduleCommand(),
  },
  list: {
    description: "list the backups in the stack's vault, newest first, and Supabase's own",
    load: async () => (await import("./commands/list.ts")).listCommand(),
  },
  verify: {
    description: "read a whole backup: signature, sizes, SHA-256, decompression, the fingerprint of every row",
    load: async () => (await import("./commands/verify.ts")).verifyCommand(),
  },
  assess: {
    description:
      "compare the live database with a proven backup: which tables, rows and definitions differ, and since when",
    load: async () => (await import("./commands/assess.ts")).assessCommand(),
  },
  writes: {
    description: "stop and allow writes to the stack's database",
    load: async () => (await import("./commands/writes.ts")).writesCommand(),
  },
  config: {
    description: "the configuration that backups hold: show it, compare it with now, put a part back",
    load: async () => (await import("./commands/config/config.ts")).configCommand(),
  },
  env: {
    description: "an app's variables: seal them into the vault, write them to a file, compare them with the live app",
    load: async () => (await import("./commands/env.ts")).envCommand(),
  },
  plan: {
    description:
      "prove that the declared rules keep every promise about backups, day by day, and compute their cost; needs no account",
    load: async () => (await import("./commands/plan.ts")).planCommand(),
  },
  calendar: {
    description: "show which backup opens which tier, also when runs fail",
    load: async () => (await import("./commands/calendar.ts")).calendarCommand(),
  },
  restore: {
    description: "restore a backup of the stack's vault; without a subcommand, into an empty database",
    load: async () => (await import("./commands/restore/restore.ts")).restoreCommand(),
  },
  "restore-platform": {
    description: "let Supabase replace the stack's database in place with one of Supabase's own backups",
    load: async () => (await import("./commands/restorePlatform.ts")).restorePlatformCommand(),
  },
  "resume-jobs": {
    description:
      "after a restore, schedule the backup's jobs and create its publications; existing ones stay as they are",
    load: async () => (await import("./commands/resumeJobs.ts")).resumeJobsCommand(),
  },
  rollback: {
    description: "go back to an earlier release of the app, watch it as users do, and end that again",
    load: async () => (await import("./commands/rollback.ts")).rollbackCommand(),
  },
  adopt: {
    description: "bring a live Vercel project and DNS zone under Pulumi, and change nothing of them",
    load: async () => (await import("./commands/adopt.ts")).adoptCommand(),
  },
  generation: {
    description: "the databases that recoveries of a stack have created, one for each generation",
    load: async () => (await import("./commands/generation.ts")).generationCommand(),
  },
  mirror: {
    description: "bring the mirrors of the repositories up to date, and hold back what would destroy them",
    load: async () => (await import("./commands/mirror/mirror.ts")).mirrorCommand(),
  },
  traffic: {
    description: "the public names: who holds and serves them, and their records' lifetimes around a planned move",
    load: async () => (await import("./commands/traffic.ts")).trafficCommand(),
  },
  resume: {
    description:
      "continue a killed `pulumi up`: prove that its engine is dead, remove its lock, settle what it was creating, run `up`",
    load: async () => (await import("./commands/resume.ts")).resumeCommand(),
  },
  vault: {
    description: "a stack's backup vault as a whole",
    load: async () => (await import("./commands/vault.ts")).vaultCommand(),
  },
  drill: {
    description:
      "corrupt the database, ship a bad release, lose the whole infrastructure, and recover from each, in a sandbox on this machine; measures RTO and RPO",
    load: async () => (await import("./commands/drill.ts")).drillCommand(),
  },
  sandbox: {
    description: "the cloud on this machine: AWS, Supabase, Vercel, GitHub, Cloudflare on 127.0.0.1",
    load: async () => (await import("./commands/sandbox.ts")).sandboxCommand(),
  },
  completion: {
    description: "print a script that lets your shell complete commands, options and choices",
    load: async () => (await import("./commands/completion.ts")).completionCommand(),
  },
};

/**
 * `castchat-recovery` with the command that the arguments name. If they name none, all commands are there by name and description, which
 * is what the help needs. Without arguments each is there whole, as for completion. Wrong use throws a CommanderError, once commander has
 * printed what is wrong.
 */
export async function castchatRecovery(args?: readonly string[]): Promise<Command> {
  const program = new Command("castchat-recovery")
    .description("Backup and recovery of CastChat: what the schedule runs and what an engineer runs by hand.")
    .version(packageVersion())
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText("after", EXIT_CODES_HELP)
    .showHelpAfterError("(castchat-recovery --help lists the commands)");
  const named = args?.find((arg) => Object.hasOwn(COMMANDS, arg));
  const isWhole = args === undefined || named === "completion";
  for (const [name, { description, load }] of Object.entries(COMMANDS))
    if (isWhole || name === named) program.addCommand((await load()).description(description));
    else if (named === undefined) program.addCommand(new Command(name).description(description));
  for (const command of withSubcommands(program)) command.exitOverride();
  return program;
}

function packageVersion(): string {
  const file = join(import.meta.dirname, "..", "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
