import { makeOwnTable } from "../../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../../postgres/catalog/platform.ts";
import { QUIET_EVENT_TRIGGERS } from "../../postgres/catalog/replicaRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteLiteral } from "../../postgres/session/quote.ts";
import { inTransaction, rollBack } from "../../postgres/session/transaction.ts";

const JOURNAL = `${MARKER_SCHEMA}.journal`;

/** The phases whose steps are journaled. A restore that was interrupted in one of them resumes it. */
export const JOURNALED_PHASES: readonly string[] = ["data", "constraints", "checks"];

/** Creates the journal of steps in the target if it does not exist. */
export async function makeJournal(session: Session): Promise<void> {
  await makeOwnTable(session, `${JOURNAL} (restore_id text, step text, primary key (restore_id, step))`);
}

/** The steps that are committed. */
export async function readJournal(session: Session, restoreId: string): Promise<Set<string>> {
  const rows = await session.query<{ step: string }>(`select step from ${JOURNAL} where restore_id = $1`, [restoreId]);
  return new Set(rows.map(({ step }) => step));
}

/** Notes a step beside those that are done, once. Within a transaction, or by itself. */
export async function noteStep(session: Session, restoreId: string, step: string): Promise<void> {
  await session.query(`insert into ${JOURNAL} (restore_id, step) values ($1, $2) on conflict do nothing`, [
    restoreId,
    step,
  ]);
}

/** Deletes a restore's steps, before their work is removed or once they are no longer needed. */
export async function clearJournal(session: Session, restoreId: string): Promise<void> {
  await session.query(`delete from ${JOURNAL} where restore_id = $1`, [restoreId]);
}

/** Does a step and notes it in one transaction. A step that is noted already is an error. */
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

/** A step that is a script of definitions, which must not end the transaction. */
export interface ScriptStep {
  step: string;
  sql: string;
}

/** Does the same with steps that are scripts, all in one transaction and one round trip. The app's event triggers do not fire. */
export async function journaledScript(
  session: Session,
  restoreId: string,
  steps: readonly ScriptStep[],
): Promise<void> {
  const noted = steps.map(({ step }) => `(${quoteLiteral(restoreId)}, ${quoteLiteral(step)})`).join(", ");
  const script = steps.map(({ sql }) => `${sql}\n;`).join("\n");
  try {
    await session.query(
      `begin;\n${QUIET_EVENT_TRIGGERS};\n${script}\ninsert into ${JOURNAL} (restore_id, step) values ${noted}; commit`,
    );
  } catch (error) {
    await rollBack(session);
    throw error;
  }
}
