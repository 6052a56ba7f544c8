import type { Assessment } from "../../recovery/assess/assess.ts";
import type { TableHistory } from "../../recovery/assess/assessHistory.ts";
import type { AssessedPart } from "../../recovery/assess/assessParts.ts";
import { type AssessedTable, isTableDamaged } from "../../recovery/assess/assessTables.ts";
import type { TracedLoss } from "../../recovery/assess/assessTrace.ts";
import { partNotes } from "../../recovery/project/restoredParts.ts";
import { PART_WORDS } from "../../recovery/vault/completeness.ts";
import { ALL } from "../../recovery/vault/lacks.ts";
import { amount } from "../../services/common/amount.ts";
import { visible } from "../../services/common/visibleText.ts";
import { plainTable } from "../terminal/table.ts";

/** At most so many names of a kind are shown; the rest are counted. */
const NAMED = 12;

/** An assessment as text: differing tables, other differences, and what earlier backups show. */
export function assessmentLines(found: Assessment): string[] {
  const differing = found.tables.filter((table) => table.state !== "same");
  const same = found.tables.length - differing.length;
  return [
    ...found.passedOver.map(visible),
    `Compared with backup ${found.backupId} of ${found.snapshotAt}: ${amount(same, "table is", "tables are")} the same, ${amount(differing.length, "differs", "differ")}.`,
    ...(differing.length === 0 ? [] : [tableOf(differing)]),
    ...differing.flatMap(({ schema, name, traced }) =>
      traced === undefined ? [] : [traceLine(`${schema}.${name}`, traced)],
    ),
    ...named("definitions missing", found.definitions.missing),
    ...named("definitions altered", found.definitions.altered),
    ...named("definitions new", found.definitions.added),
    ...(found.definitions.notCompared === undefined ? [] : [`Definitions: ${found.definitions.notCompared}.`]),
    ...named(
      "sequences behind the backup",
      found.sequences.map(({ name, inBackup, now }) => `${name} (${inBackup} then, ${now ?? "restarted"} now)`),
    ),
    ...named("extensions missing", found.missingExtensions),
    ...named("differences in the large objects", found.largeObjects),
    ...found.parts.flatMap(partLine),
    ...restoredLines(found),
    ...named(
      `tables that lost rows between two of the ${found.backupsLookedAt} backups (possibly on purpose)`,
      found.earlierLosses.map(
        ({ table, after, by, rowsBefore, rowsAfter }) =>
          `${table}: ${amount(rowsBefore, "row")} in ${after.backupId}, ${rowsAfter ?? "gone"} in ${by.backupId}`,
      ),
    ),
    ...(found.isDamaged ? [] : ["Nothing of the backup is missing or altered."]),
  ];
}

/** The damage in one sentence. */
export function summaryOf(found: Assessment): string {
  const missing = found.tables.filter((table) => table.state === "missing").length;
  const damaged = found.tables.filter((table) => table.state === "changed" && isTableDamaged(table));
  const lost = damaged.reduce((sum, table) => sum + (table.lost ?? 0), 0);
  const uncounted = damaged.filter((table) => table.lost === undefined).length;
  const { definitions, sequences, missingExtensions, largeObjects } = found;
  const parts: [count: number, what: string][] = [
    [missing, "missing tables"],
    [lost, `missing or altered rows in ${amount(damaged.length - uncounted, "table")}`],
    [uncounted, "tables whose difference was not counted"],
    [definitions.missing.length, "missing definitions"],
    [definitions.altered.length, "altered definitions"],
    [sequences.length, "sequences missing or behind"],
    [missingExtensions.length, "missing extensions"],
    [largeObjects.length, "differences in the large objects"],
    ...lossesOf(found.restored),
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  return `Something of backup ${found.backupId} is missing or altered (${said.join("; ")}).`;
}

function lossesOf(restored: Assessment["restored"]): [number, string][] {
  if (restored === undefined) return [];
  const { storage, functions } = restored.parts;
  return [
    [storage.missing + storage.failed, "storage objects that the last restore did not bring back"],
    [functions.missing + functions.failed, "edge functions that it did not bring back"],
  ];
}

/** What the backup lacks of a part, and which older backup has it. */
function partLine({ part, state, lacking, wholeIn }: AssessedPart): string[] {
  if (state !== "lacking") return [];
  const words = PART_WORDS[part];
  const what = lacking.includes(ALL) ? `the ${words}` : `${lacking.length} ${words}`;
  const elsewhere =
    wholeIn === undefined
      ? "no older proven backup has all of them"
      : `${wholeIn.backupId} (${wholeIn.snapshotAt}) has all of them`;
  return [`The backup lacks ${what}: ${elsewhere}.`];
}

/** The sources of the parts that the last restore brought back outside the database. */
function restoredLines({ restored }: Assessment): string[] {
  if (restored === undefined) return [];
  const { parts, backupId } = restored;
  const brought = (["storage", "functions", "authSettings"] as const).flatMap((part) =>
    parts[part].from.map((from) => `${from.count} ${PART_WORDS[part]} from ${from.backupId} (${from.snapshotAt})`),
  );
  return [
    `Restored with the database of ${backupId}: ${brought.length === 0 ? "nothing" : brought.join("; ")}.`,
    ...partNotes(parts, backupId),
  ];
}

function tableOf(tables: readonly AssessedTable[]): string {
  const table = plainTable([
    "table",
    "state",
    "rows then",
    "rows now",
    "missing or altered",
    "of them altered",
    "new",
    "undamaged until",
    "as now since",
  ]);
  for (const one of tables)
    table.push([
      `${one.schema}.${one.name}`,
      one.note === undefined ? one.state : `${one.state}: ${one.note}`,
      ...[one.rowsInBackup, one.rowsNow, one.lost, one.altered, one.added].map((count) => String(count ?? "–")),
      ...(isTableDamaged(one) ? sinceWhen(one.history) : ["–", "–"]),
    ]);
  return table.toString();
}

/** The last backup in which the table was undamaged, and the first one with the damage, as far as backups show. */
function sinceWhen(history: TableHistory | undefined): [string, string] {
  if (history === undefined) return ["–", "–"];
  const { sameAsReferenceUntil: until, asNowSince: since, isComplete } = history;
  return [until.at, since?.at ?? (isComplete ? "in no backup" : "unknown")];
}

function traceLine(table: string, traced: readonly TracedLoss[]): string {
  if (traced.length === 0) return `${table}: there is no later backup, so the rows were lost after this one.`;
  const steps = traced.map(({ backupId, lost }) => `${lost ?? "unknown"} in ${backupId}`);
  return `${table}: rows that were already lost: ${steps.join(", ")}.`;
}

function named(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED ? `; and ${names.length - NAMED} more` : "";
  return [`${names.length} ${what}: ${names.slice(0, NAMED).join("; ")}${more}.`];
}
