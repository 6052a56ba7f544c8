import { readFile, writeFile } from "node:fs/promises";

import { Command } from "commander";

import { compareVariables, type VariableDifference } from "../../recovery/environment/compareVariables.ts";
import { parseDotenv } from "../../recovery/environment/dotenv.ts";
import { variablesIn } from "../../recovery/environment/fileVariables.ts";
import { importVariables } from "../../recovery/environment/importVariables.ts";
import { targetsIn } from "../../recovery/environment/liveVariables.ts";
import { dotenvText, pullVariables } from "../../recovery/environment/pullVariables.ts";
import { contentOf, findEnvironment } from "../../recovery/environment/storedEnvironment.ts";
import { amount } from "../../services/common/amount.ts";
import { systemClock } from "../../services/common/clock.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import { sealerTo } from "../../services/vault/encryption.ts";
import { appNamed, liveAppOf, liveOrNote, liveRefOf, readableValue } from "../stack/liveApp.ts";
import { backupsOf, writerOf } from "../stack/services.ts";
import { readStack, type StackContext } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, reportLine, toNamedFile, withProgress } from "../terminal/progress.ts";
import { plainTable } from "../terminal/table.ts";
import { sealedLines } from "../text/sealedVariables.ts";

interface Options {
  stack: string;
  app?: string;
  json?: boolean;
}

const REMARKS = `
A remark before a variable says more of it:
  # recovery: targets=production,preview   where it is set (without it as in the live project, or for production)
  # recovery: drill=same                   a drill gets this value too (without it a drill has no such variable)
  # recovery-drill: VALUE                  a drill gets this value
  # recovery: from=databaseUrl             a recovery makes it from the recovered project; also {supabaseUrl}/storage/v1
  # recovery: literal, live, empty         keep a value that looks like the live database's; pass a live credential of
                                           mail, payments or webhooks to drills; the value is meant to be empty`;

/** `castchat-recovery env import | pull | diff`: the variables that an app needs, which its host does not show again. */
export function envCommand(): Command {
  const command = new Command("env");
  const add = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .addOption(stackOption())
      .option("--app <name>", "the app, by its name or Vercel project; needed if the stack has several");
  add("import", "seal an app's variables from a .env file into the vault; a recovery sets them")
    .argument("<file>", "a file in the syntax of dotenv")
    .addOption(jsonOption("app, backupId, variables, notInFile, leftOut"))
    .addHelpText("after", REMARKS)
    .addHelpText("after", example("env import castchat.env -s prod"))
    .action(importFile);
  add("pull", "write what Vercel shows and what is sealed into a new .env file, for env import")
    .argument("<file>", "a file that does not exist yet; only you can read it")
    .addOption(jsonOption("app, variables, lacking, gone, notKept"))
    .addHelpText("after", example("env pull castchat.env -s prod"))
    .action(pullFile);
  add(
    "diff",
    "compare the sealed variables with the live project, by name, target and hash; exit code 1 if they differ",
  )
    .addOption(jsonOption("app, backupId, differences, unreadable, mapped, equal, notKept"))
    .addHelpText("after", example("env diff -s prod"))
    .action(showDifferences);
  return command;
}

async function importFile(file: string, options: Options): Promise<void> {
  const signal = abortOnInterrupt();
  const context = await readStack(options.stack, signal);
  const app = appNamed(context.settings, options.app);
  const live = await liveOrNote(context, app, signal, "Their targets are taken from the file");
  const known = live && { targetsOf: (key: string) => targetsIn(live, key) };
  const { variables, leftOut } = variablesIn(parseDotenv(await textOf(file), file), file, {
    ref: liveRefOf(context),
    ...known,
  });
  const result = await withProgress("Sealing the variables", async (reporter) =>
    importVariables({
      ...(await backupsOf(context)),
      ...writerOf(context, signal),
      app: app.name,
      variables,
      clock: systemClock,
      sealer: await sealerTo(context.settings.ageRecipients),
      reporter,
      signal,
    }),
  );
  const notInFile = [...new Set(live?.variables.map(({ key }) => key))]
    .filter((key) => !variables.some((one) => one.key === key))
    .sort();
  const shown = variables.map(({ key, targets, from, drill }) => ({ key, targets, from, drill: drill.is }));
  const answer = { app: app.project, backupId: result?.backupId ?? null, variables: shown, notInFile, leftOut };
  printResult(answer, options.json === true, [
    ...sealedLines(variables),
    ...(leftOut.length > 0 ? [`Left out, since Vercel sets them itself: ${leftOut.join(", ")}.`] : []),
    ...(notInFile.length > 0
      ? [`The live project also has ${notInFile.join(", ")}, which a recovery will lack: they are not in ${file}.`]
      : []),
    result === undefined
      ? `Nothing was stored: the newest sealed variables of ${app.project} are the same.`
      : `${result.backupId} is proven: ${amount(variables.length, "variable")} of ${app.project}, sealed to ${amount(context.settings.ageRecipients.length, "recipient")}. Delete ${file}, or keep it where the vault is not.`,
  ]);
}

async function pullFile(file: string, options: Options): Promise<void> {
  const signal = abortOnInterrupt();
  const context = await readStack(options.stack, signal);
  const app = appNamed(context.settings, options.app);
  const live = await liveOrNote(context, app, signal, "Only what is sealed is written");
  const sealed = await sealedOf(context, app.name, signal, live === undefined);
  if (live === undefined && sealed === undefined)
    throw new UserError(`Neither Vercel nor the vault has variables of ${app.project}.`);
  const pulled = await pullVariables(live, sealed?.content, readableValue(context, app, signal));
  const text = `# Secret. Variables of ${app.project}; \`castchat-recovery env import\` explains the remarks.\n\n${dotenvText(pulled.variables, liveRefOf(context))}`;
  await toNamedFile(file, (path) => writeFile(path, text, { mode: 0o600, flag: "wx" }));
  const { variables, lacking, gone } = pulled;
  const notKept = live?.partial ?? [];
  const shown = variables.map(({ key, targets, from, drill }) => ({ key, targets, from, drill: drill.is }));
  printResult({ app: app.project, variables: shown, lacking, gone, notKept }, options.json === true, [
    ...(gone.length > 0
      ? [`Sealed, but not in the project: ${gone.join(", ")}. Delete their lines if the app does not need them.`]
      : []),
    ...notKeptLines(notKept),
    `${file} holds ${variables.length - lacking.length} of ${variables.length} variables of ${app.project}.`,
  ]);
  if (lacking.length > 0)
    throw new PromiseError(
      `Nothing has a value of ${lacking.join(", ")}: Vercel does not show it, and it is not sealed${sealed === undefined ? " or could not be opened" : ""}. Fill it in in ${file}, then run \`castchat-recovery env import ${file} -s ${options.stack}\`.`,
    );
}

async function showDifferences(options: Options): Promise<void> {
  const signal = abortOnInterrupt();
  const context = await readStack(options.stack, signal);
  const app = appNamed(context.settings, options.app);
  const live = await liveAppOf(context, app, signal);
  const sealed = await sealedOf(context, app.name, signal, true);
  if (sealed === undefined)
    throw new PromiseError(
      `No variables of ${app.project} are sealed, so a recovery sets none of ${[...new Set(live.variables.map(({ key }) => key))].join(", ") || "them"}. Run \`castchat-recovery env pull FILE -s ${options.stack}\`, fill in what it names, then \`castchat-recovery env import FILE -s ${options.stack}\`.`,
    );
  const compared = await compareVariables(sealed.content, live, readableValue(context, app, signal));
  const { differences, unreadable, mapped, equal } = compared;
  const answer = { app: app.project, backupId: sealed.backupId, ...compared, notKept: live.partial };
  const table = plainTable(["variable", "target", "difference"]);
  for (const { key, target, difference } of differences) table.push([key, target, SAYS[difference]]);
  printResult(answer, options.json === true, [
    ...(differences.length > 0 ? [table.toString()] : []),
    ...notKeptLines(live.partial),
    `Equal by hash: ${list(equal)}. Not comparable, since Vercel shows no value: ${list(unreadable)}. Made from the recovered project: ${list(mapped)}.`,
  ]);
  if (differences.length > 0)
    throw new PromiseError(
      `The variables sealed as ${sealed.backupId} differ from the live project in ${amount(differences.length, "place")}. Import what the project should have: \`castchat-recovery env pull FILE -s ${options.stack}\`, then \`castchat-recovery env import FILE -s ${options.stack}\`.`,
    );
}

const SAYS: Readonly<Record<VariableDifference, string>> = {
  "not sealed": "in the live project, not sealed: a recovery lacks it",
  "not in the project": "sealed, not in the live project",
  "other value": "another value than the live project's",
};

/** The newest sealed variables, decrypted; undefined if there are none, or if they need not be opened and can't. */
async function sealedOf(context: StackContext, app: string | undefined, signal: AbortSignal, isNeeded: boolean) {
  const source = { ...(await backupsOf(context)), clock: systemClock, signal };
  const { backup, passedOver } = await findEnvironment(source, app);
  for (const sentence of passedOver) reportLine(sentence);
  if (backup === undefined) return undefined;
  if (!isNeeded && source.opener === undefined) {
    reportLine(
      `The sealed variables (${backup.backupId}) were not opened: set CASTCHAT_AGE_IDENTITY or CASTCHAT_AGE_IDENTITY_FILE to take values from them.`,
    );
    return undefined;
  }
  return { backupId: backup.backupId, content: await contentOf(source, backup) };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UserError(`${file} can't be read (${(error as NodeJS.ErrnoException).code ?? "?"}): name another file.`, {
      cause: error,
    });
  }
}

function notKeptLines(names: readonly string[]): string[] {
  return names.length === 0
    ? []
    : [`Set only for a branch or for an environment of the project's own, and not kept: ${names.join(", ")}.`];
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}
