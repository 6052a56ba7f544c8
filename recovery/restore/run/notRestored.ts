import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { noteStep, readJournal } from "./journal.ts";

/** Something of a backup that the target cannot take, since it needs what no backup holds and the target lacks. */
export interface NotRestored {
  /** Where a comparison names it: words of the difference, in order ("public posts own"). */
  key: string;
  /** True if nothing of it is there, so that it has no rights. */
  isWhole: boolean;
  /** True if it is content of the backup, so that the restore does not keep its promise. */
  isLoss?: boolean;
  /** A sentence that names it, the reason, and what to do. */
  note: string;
}

const PREFIX = "not restored: ";

/** What a server answers if something that a definition needs does not exist. */
const MISSING: readonly string[] = [
  ...[SQLSTATE.UNDEFINED_FUNCTION, SQLSTATE.UNDEFINED_TABLE, SQLSTATE.UNDEFINED_COLUMN],
  ...[SQLSTATE.UNDEFINED_OBJECT, SQLSTATE.INVALID_SCHEMA_NAME],
];

/** Whether an error says so. */
export function isMissing(error: unknown): boolean {
  return MISSING.includes(sqlStateOf(error));
}

/** Notes it beside the steps that are done, so that a run which resumes this one knows it. Within a transaction, or by itself. */
export async function noteNotRestored(session: Session, restoreId: string, one: NotRestored): Promise<void> {
  await noteStep(session, restoreId, PREFIX + JSON.stringify(one));
}

/** All that was noted. A loss replaces what was noted of the same thing before its rows were read. */
export async function listNotRestored(session: Session, restoreId: string): Promise<NotRestored[]> {
  const noted = [...(await readJournal(session, restoreId))]
    .filter((step) => step.startsWith(PREFIX))
    .map((step) => JSON.parse(step.slice(PREFIX.length)) as NotRestored);
  const lost = new Set(noted.flatMap(({ key, isLoss }) => (isLoss === true ? [key] : [])));
  return noted.filter(({ key, isLoss }) => isLoss === true || !lost.has(key));
}

/** Whether a difference, as a comparison names it, is about something that was noted. */
export function isAbout(difference: string, notRestored: readonly Pick<NotRestored, "key">[]): boolean {
  const words = ` ${wordsOf(difference)} `;
  return notRestored.some(({ key }) => words.includes(` ${wordsOf(key)} `));
}

/** Without quotes and dots: an archive's list and a manifest write names in different forms. */
function wordsOf(name: string): string {
  return name.replaceAll('"', "").replaceAll(".", " ");
}
