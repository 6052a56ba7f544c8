import { Command, Option } from "commander";

import { restorePlatform } from "../../recovery/restore/platform/platformRestore.ts";
import type { PlatformChoice } from "../../recovery/restore/platform/platformSource.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { realTiming } from "../../services/common/timing.ts";
import { portsOf, vaultOf } from "../stack/services.ts";
import { readStack } from "../stack/stackContext.ts";
import { confirmWith } from "../terminal/confirm.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { atOption, confirmOption, jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, reportLine } from "../terminal/progress.ts";

interface Options {
  stack: string;
  backupId?: string;
  at?: Date;
  confirm?: string;
  minutes: string;
  json?: boolean;
}

/** `castchat-recovery restore-platform`: restores one of Supabase's own backups into the same project. */
export function restorePlatformCommand(): Command {
  return new Command("restore-platform")
    .addOption(stackOption())
    .addOption(new Option("--backup-id <number>", "a daily backup, as `list` shows it").conflicts("at"))
    .addOption(atOption("a second that point-in-time recovery reaches"))
    .addOption(confirmOption("the project's ref"))
    .option(
      "--minutes <number>",
      "minutes to wait for the restore",
      String(realTiming.platformRestore.limitMs / 60_000),
    )
    .addOption(jsonOption("ref, source, users, posts, applications, notes, phases, durationMs"))
    .addHelpText(
      "after",
      "\nFor the vault's backups use `restore`: it restores into a new project, destroys nothing and needs no restore by Supabase.",
    )
    .addHelpText("after", example("restore-platform -s prod --backup-id 7"))
    .action(async (options: Options) => {
      const choice = choiceIn(options);
      const limitMs = minutesIn(options.minutes) * 60_000;
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { databaseUrl, supabaseRef: ref } = context.outputs;
      if (databaseUrl === undefined || ref === undefined)
        throw new UserError(`Stack ${options.stack} has no Supabase project, so there is nothing to restore in place.`);
      const databaseHost = portsOf(context.settings).databaseHost();
      const result = await restorePlatform({
        databaseHost,
        vault: vaultOf(context),
        ref,
        databaseUrl,
        choice,
        confirm: confirmWith(options.confirm),
        clock: systemClock,
        reporter: reportLine,
        signal,
        timing: { ...realTiming, platformRestore: { ...realTiming.platformRestore, limitMs } },
      });
      printResult(result, options.json === true, [
        `${result.ref} is restored to ${result.source ?? "what Supabase was restoring"} in ${Math.round(result.durationMs / 1000)} s, and its database answers: ` +
          `${result.users} users, ${result.posts} posts, ${result.applications} applications.`,
        ...result.notes,
        "Take a backup now with `castchat-recovery backup`, and check that the files in storage still match the rows.",
      ]);
    });
}

function choiceIn({ backupId, at }: Options): PlatformChoice {
  if (at !== undefined) return { at };
  if (backupId === undefined)
    throw new UserError(
      "No state to restore was named. Add --backup-id NUMBER or --at TIME; `castchat-recovery list` shows both.",
    );
  if (!/^\d{1,15}$/.test(backupId))
    throw new UserError(`--backup-id ${backupId} is not a number. \`castchat-recovery list\` shows the ids.`);
  return { backupId: Number(backupId) };
}

function minutesIn(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) === 0)
    throw new UserError(`--minutes ${text} is not a whole number of minutes from 1 to 9999.`);
  return Number(text);
}
