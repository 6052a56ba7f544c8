import { Command, Option } from "commander";

import { refuseOtherProject } from "../../../recovery/postgres/session/confirmation.ts";
import { parseDatabaseUrl } from "../../../recovery/postgres/session/databaseUrl.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { lossText } from "../../../recovery/restore/run/restoreLosses.ts";
import type { RestoreResult } from "../../../recovery/restore/run/restoreMarker.ts";
import type { Selection } from "../../../recovery/restore/run/restoreSelection.ts";
import { amount } from "../../../services/common/amount.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { visible } from "../../../services/common/visibleText.ts";
import { projectContentOf } from "../../stack/services.ts";
import type { StackContext } from "../../stack/stackContext.ts";
import { example } from "../../terminal/help.ts";
import { jsonOption } from "../../terminal/options.ts";
import { printResult, withProgress } from "../../terminal/progress.ts";
import { acceptOption, readSource, type SourceOptions, TARGET_HELP, withSource } from "./source.ts";

/** The restored selection for each value of `--only`. */
const SELECTIONS = { schema: "definitions", data: "rows" } as const satisfies Record<string, Selection>;

interface Options extends SourceOptions {
  only?: keyof typeof SELECTIONS;
  olderAuthSettings?: boolean;
  acceptBroaderRights?: boolean;
  json?: boolean;
}

/** `castchat-recovery restore into-empty`, or only `restore`: restores a backup into an empty database, such as a new project's. */
export function intoEmptyCommand(): Command {
  const command = new Command("into-empty").description(
    "restore a backup into an empty database, such as a new project's",
  );
  return withSource(command)
    .addOption(
      new Option(
        "--only <part>",
        "schema: definitions, permissions, roles and extensions, without rows; data: rows and sequences, into empty tables with the backup's definitions",
      ).choices(Object.keys(SELECTIONS)),
    )
    .option(
      "--older-auth-settings",
      "if the backup lacks the auth settings, apply an older backup's; that may reopen what was closed since",
    )
    .addOption(acceptOption())
    .addOption(
      jsonOption(
        "restoreId, backupId, snapshotAt, tables, rows, users, posts, applications, notes, lost, project, parts, phases, durationMs, finishedBefore",
      ),
    )
    .addHelpText("after", TARGET_HELP)
    .addHelpText(
      "after",
      "TARGET_SUPABASE_REF names its project, which then also gets storage objects, edge functions and auth settings.\n" +
        "After an interruption, run the same command again to continue.",
    )
    .addHelpText("after", example("restore -s dr --at 2026-07-01T02:00:00Z"))
    .action(run);
}

async function run(options: Options): Promise<void> {
  if (options.olderAuthSettings === true && targetRef() === "")
    throw new UserError("--older-auth-settings needs the project's ref. Set TARGET_SUPABASE_REF to it.");
  const { context, source } = await readSource(options);
  const project = projectOf(context, source.targetUrl);
  const result = await withProgress("Restoring", (reporter) =>
    restore({
      ...source,
      ...project,
      reporter,
      acceptsBroaderRights: options.acceptBroaderRights ?? false,
      olderAuthSettings: options.olderAuthSettings,
      selection: options.only && SELECTIONS[options.only],
      generation: context.settings.generation,
    }),
  );
  printResult(result, options.json === true, [
    ...databaseLines(result),
    ...projectLines(result),
    ...result.notes.map(visible),
  ]);
  const losses = lossText(result);
  if (losses !== undefined) throw new PromiseError(losses);
}

function targetRef(): string {
  return process.env["TARGET_SUPABASE_REF"] ?? "";
}

/** The target's project, if the environment names one. */
function projectOf(context: StackContext, targetUrl: string) {
  const ref = targetRef();
  if (ref === "") return {};
  refuseOtherProject(parseDatabaseUrl(targetUrl), ref);
  return { project: projectContentOf(context, ref) };
}

function databaseLines(result: RestoreResult): string[] {
  const { backupId, finishedBefore, selection } = result;
  if (finishedBefore !== undefined)
    return [
      `${backupId} is already restored into this database and checked (${finishedBefore}), so nothing was done.`,
      "Later changes there are kept. To get the backup's state again, restore into a new project, or run `castchat-recovery restore in-place`.",
    ];
  if (selection === "definitions") return [`The definitions of ${backupId} are restored and checked.`];
  return [
    `${backupId} is restored and checked: ${amount(result.tables, "table")}, ${amount(result.rows, "row")}; ` +
      `${result.users} users, ${result.posts} posts, ${result.applications} applications.`,
  ];
}

/** What was restored outside the database. If no project was named, the result's notes say so. */
function projectLines({ project }: RestoreResult): string[] {
  if (project === undefined) return [];
  const { storageObjects, functions, authSettings } = project;
  return [
    `Also restored: ${amount(storageObjects, "storage object")}, ${amount(functions, "edge function")}, ${amount(authSettings, "auth setting")}.`,
  ];
}
