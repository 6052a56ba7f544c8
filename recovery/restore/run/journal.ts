import { makeOwnTable } from "../../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../../postgres/catalog/platform.ts";
import { QUIET_EVENT_TRIGGERS } from "../../postgres/catalog/replicaRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteLiteral } from "../../postgres/session/quote.ts";
import { inTransaction, rollBack } from "../../postgres/session/transaction.ts";

const JOURNAL = `${MARKER_SCHEMA}.journal`;

/** Makes the journal of a restore's rows in the target, where there is none. */
export async function makeJournal(session: Session): Promise<void> {
  await makeOwnTable(session, `${JOURNAL} (restore_id text, step text, primary key (restore_id, step))`);
}

/** The steps that are committed. */
export async function readJournal(session: Session, restoreId: string): Promise<Set<string>> {
  const rows = await session.query<{ step: string }>(`select step from ${JOURNAL} where restore_id = $1`, [restoreId]);
  return new Set(rows.map((row) => row.step));
}

/** Forgets a restore's steps, before what they did is taken away or once they are of no more use. */
export async function clearJournal(session: Session, restoreId: string): Promise<void> {
  await session.query(`delete from ${JOURNAL} where restore_id = $1`, [restoreId]);
}

/**
 * Does a step and notes it, both in one transaction: whatever happens, it is done and noted, or neither. A step that has been
 * noted already is an error.
 */
export async function journaled(
  session: Session,
  restoreId: string,
  step: string,
  work: () => Promise<void>,
): Promise<void> {
  await inTransaction(session, async () => {
    await work();
    await session.query(`insert into ${JOURNAL} (restore_id, step) values ($1, $2)`, [restoreId, step]);
  });
}

/**
 * The same for a step that is a script of definitions, in one round trip; the app's event triggers don't act on them. The script
 * must not end the transaction.
 */
export async function journaledScript(
  session: Session,
  restoreId: string,
  step: string,
  script: string,
): Promise<void> {
  try {
    await session.query(
      `begin;\n${QUIET_EVENT_TRIGGERS};\n${script}\n;insert into ${JOURNAL} (restore_id, step) values (${quoteLiteral(restoreId)}, ${quoteLiteral(step)}); commit`,
    );
  } catch (error) {
    await rollBack(session);
    throw error;
  }
}
/** The phases whose steps are journaled: a restore that was interrupted in one of them goes on where it was. */

export const JOURNALED_PHASES: readonly string[] = ["data", "constraints", "checks"];
