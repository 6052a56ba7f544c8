import type { Session } from "../../postgres/session/database.ts";
import type { ScriptEntry } from "../archive/archiveScript.ts";
import { fitEntry } from "../archive/fitEntry.ts";
import { atEntry } from "../run/entryFault.ts";
import { isMissing, noteNotRestored } from "../run/notRestored.ts";

/** At most this many parts of an entry are left out, before the entry is. */
const PARTS = 50;

/**
 * Makes an entry of the archive. If the target lacks something that the entry needs, it makes what the target can take (fitEntry.ts), and
 * notes what it leaves out. Any other refusal is thrown, with the entry's name.
 *
 * @param make makes SQL in one transaction
 */
export async function makeFitting(
  session: Session,
  restoreId: string,
  entry: ScriptEntry,
  make: (sql: string) => Promise<unknown>,
): Promise<void> {
  let sql = entry.sql;
  for (let parts = 0; ; parts += 1) {
    try {
      await make(sql);
      return;
    } catch (error) {
      if (!isMissing(error) || parts === PARTS) throw atEntry(entry.description, error);
      const fitted = fitEntry({ ...entry, sql }, error);
      await noteNotRestored(session, restoreId, fitted.missing);
      if (fitted.sql === undefined) return;
      sql = fitted.sql;
    }
  }
}
