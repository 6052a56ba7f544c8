import { Command, Option } from "commander";

import { backup } from "../../recovery/backup/backup.ts";
import { refuseOtherProject } from "../../recovery/postgres/session/confirmation.ts";
import { parseDatabaseUrl } from "../../recovery/postgres/session/databaseUrl.ts";
import { hasLosses, lossText } from "../../recovery/project/restoredParts.ts";
import { abandon, replace } from "../../recovery/restore/inPlace/replace.ts";
import { STAYS_STOPPED } from "../../recovery/restore/inPlace/replaceSteps.ts";
import { restore } from "../../recovery/restore/recipes/restore.ts";
import { ACCEPT_FLAG } from "../../recovery/restore/rights/broaderRights.ts";
import type { RestoreResult } from "../../recovery/restore/run/restoreMarker.ts";
import type { Selection } from "../../recovery/restore/run/restoreSelection.ts";
import { restoreTables } from "../../recovery/restore/tables/restoreTables.ts";
import { systemClock } from "../../services/common/clock.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { visible } from "../../services/common/visibleText.ts";
import { ageSealer, openerOf } from "../../services/vault/age.ts";
import { projectContentOf, vaultOf, writerOf } from "../stack/services.ts";
import { readStack, requiredVariable, type StackContext, trustedKeysOf } from "../stack/stackContext.ts";
import { confirmWith } from "../terminal/confirm.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";
import { tableNames } from "../terminal/tableNames.ts";
import { parseTime } from "../terminal/time.ts";

interface Options {
  stack: string;
  backup?: string;
  at?: string;
  schemaOnly?: boolean;
  dataOnly?: boolean;
  tables?: string;
  yesReplaceRowsOf?: string;
  replace?: boolean;
  confirm?: string;
  abandon?: boolean;
  olderAuthSettings?: boolean;
  acceptBroaderRights?: boolean;
  json?: boolean;
}

/** `castchat-recovery restore`: a backup of the stack's vault into an empty database, or some of it into a live one. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description(
      "restore a backup of the stack's vault; into an empty database, unless --tables or --replace say otherwise",
    )
    .addOption(stackOption())
    .option("--backup <id>", "a backup's id; the newest proven full one without it")
    .option("--at <time>", "the newest proven backup at or before this UTC time, such as 2026-07-01T02:00:00Z")
    .addOption(
      new Option("--schema-only", "definitions, rights, roles and extensions, without a row").conflicts([
        "dataOnly",
        "tables",
      ]),
    )
    .addOption(
      new Option("--data-only", "rows and sequences, into empty tables that are defined as the backup's").conflicts(
        "tables",
      ),
    )
    .option(
      "--tables <names>",
      "replace the rows of these tables of a live database: schema.table,schema.table, quoted as in SQL",
    )
    .option(
      "--yes-replace-rows-of <name>",
      "agree to --tables without a terminal: the database's host:port/name or ref",
    )
    .addOption(
      new Option(
        "--replace",
        "put the whole live database back into the backup's state; the old state comes back on any failure",
      ).conflicts(["schemaOnly", "dataOnly", "tables"]),
    )
    .option("--confirm <name>", "agree to --replace without a terminal: the database's host:port/name or ref")
    .option(
      "--older-auth-settings",
      "where the backup lacks the auth settings: apply an older backup's, which may reopen what was closed since",
    )
    .option("--abandon", "with --replace: go back from an interrupted replacement to the old state")
    .option(ACCEPT_FLAG, "let in whom the source had kept out from an extension, where the target permits no revoking")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nThe target's connection string is read from the variable TARGET_DATABASE_URL, as arguments are visible to others." +
        "\nTARGET_SUPABASE_REF names its project: storage objects, edge functions and auth settings go there too." +
        "\nWhat was interrupted goes on when the same command is run again.",
    )
    .action(async (options: Options) => {
      const targetUrl = requiredVariable(
        "TARGET_DATABASE_URL",
        "the connection string of the database to restore into",
      );
      const at = options.at === undefined ? undefined : parseTime(options.at, "--at");
      const tables = options.tables === undefined ? undefined : tableNames(options.tables);
      if (options.yesReplaceRowsOf !== undefined && tables === undefined)
        throw new UserError("--yes-replace-rows-of belongs to --tables: nothing else replaces rows of live tables.");
      if ((options.confirm !== undefined || options.abandon === true) && options.replace !== true)
        throw new UserError("--confirm and --abandon belong to --replace.");
      if (options.olderAuthSettings === true && (process.env["TARGET_SUPABASE_REF"] ?? "") === "")
        throw new UserError("--older-auth-settings needs the project's ref: put it into TARGET_SUPABASE_REF.");
      const signal = abortOnInterrupt();
      if (options.abandon === true) {
        const { state, stillClosed } = await abandon({ targetUrl, reporter: inLines, signal });
        const gate = stillClosed ? STAYS_STOPPED : "Writes are allowed.";
        const lines = [ABANDONED[state], ...(state === "nothing" ? [] : [gate])];
        printResult({ state, stopped: stillClosed }, options.json === true, lines);
        return;
      }
      const context = await readStack(options.stack, signal);
      const common = { ...(await sourceOf(context)), backupId: options.backup, at, targetUrl, signal };
      if (tables !== undefined) {
        const confirm = confirmWith(options.yesReplaceRowsOf, "--yes-replace-rows-of");
        const result = await restoreTables({ ...common, tables, confirm, reporter: inLines });
        printResult(result, options.json === true, [
          ...result.tables.map(({ name, rowsBefore, rows }) => `${name}: ${rowsBefore} rows before, ${rows} now.`),
          `These are the rows of ${result.backupId} (${result.snapshotAt}), compared with the backup.`,
          ...result.notes.map(visible),
        ]);
        return;
      }
      const { acceptBroaderRights: acceptsBroaderRights = false } = options;
      if (options.replace === true) {
        const result = await replace({
          ...common,
          acceptsBroaderRights,
          confirm: confirmWith(options.confirm, "--confirm"),
          saveFirst: (reporter) => saveFirst(context, targetUrl, reporter, signal),
          reporter: inLines,
        });
        printResult(result, options.json === true, [
          `The database is in the state of ${result.backupId} (${result.snapshotAt}), checked: ${result.tables} tables, ${result.rows} rows; ` +
            `${result.users} users, ${result.posts} posts, ${result.applications} applications.`,
          `What was there before is saved as ${result.safetyBackupId}.`,
          ...result.notes.map(visible),
        ]);
        return;
      }
      const { generation } = context.settings;
      const result = await withProgress("Restoring", (reporter) =>
        restore({
          ...{ ...common, ...projectOf(context, targetUrl), acceptsBroaderRights },
          ...{ olderAuthSettings: options.olderAuthSettings, selection: selectionIn(options), generation, reporter },
        }),
      );
      printResult(result, options.json === true, [
        ...linesOf(result),
        ...besideLines(result),
        ...result.notes.map(visible),
      ]);
      if (result.parts !== undefined && hasLosses(result.parts))
        throw new PromiseError(lossText(result.parts, result.backupId));
    });
}

/** The project of the target, where it is named. */
function projectOf(context: StackContext, targetUrl: string) {
  const ref = process.env["TARGET_SUPABASE_REF"] ?? "";
  if (ref === "") return {};
  refuseOtherProject(parseDatabaseUrl(targetUrl), ref);
  return { project: projectContentOf(context, ref) };
}

async function sourceOf(context: StackContext) {
  return {
    vault: vaultOf(context),
    trustedKeys: trustedKeysOf(context),
    opener: await openerOf(process.env),
    tiers: context.settings.tiers,
    clock: systemClock,
  };
}

const ABANDONED = {
  nothing: "No replacement is under way: nothing was changed.",
  old: "The old state is back, whole.",
  new: "The new state was live already, and is whole.",
} as const;

/** A backup of the state that is about to be replaced, into the stack's own vault. */
async function saveFirst(context: StackContext, databaseUrl: string, reporter: Reporter, signal: AbortSignal) {
  const { settings } = context;
  const { backupId } = await backup({
    databaseUrl,
    ...writerOf(context),
    trustedKeys: trustedKeysOf(context),
    tiers: settings.tiers,
    sealer: settings.ageRecipients.length > 0 ? ageSealer(settings.ageRecipients) : undefined,
    opener: await openerOf(process.env),
    // It is damage that is saved here: much may be missing.
    acceptsSmaller: true,
    isSafety: true,
    clock: systemClock,
    reporter,
    signal,
  });
  return backupId;
}

/** If an operator may be asked, a spinner would be in the way. */
const inLines: Reporter = (message) => void process.stderr.write(`${message}\n`);

function selectionIn({ schemaOnly, dataOnly }: Options): Selection | undefined {
  if (schemaOnly === true) return "definitions";
  return dataOnly === true ? "rows" : undefined;
}

function linesOf(result: RestoreResult): string[] {
  if (result.finishedBefore !== undefined) {
    return [
      `${result.backupId} was restored into this database and checked already, until ${result.finishedBefore}: nothing was done now. ` +
        "What was changed there since is as it is; to have the backup's state again, take a new project, or --replace.",
    ];
  }
  if (result.selection === "definitions") return [`The definitions of ${result.backupId} are restored and checked.`];
  return [
    `${result.backupId} is restored and checked: ${result.tables} tables, ${result.rows} rows; ` +
      `${result.users} users, ${result.posts} posts, ${result.applications} applications.`,
  ];
}

/** What of the project came back beside the database. That none was named is among the result's notes. */
function besideLines({ project }: RestoreResult): string[] {
  if (project === undefined) return [];
  const { storageObjects, functions, authSettings } = project;
  return [
    `Beside it are back: ${storageObjects} storage objects, ${functions} edge functions, ${authSettings} auth settings.`,
  ];
}
