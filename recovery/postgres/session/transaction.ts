import type { Session } from "./database.ts";

/** Runs work in one transaction and returns its result. Rolls back if the work fails. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query("begin");
  try {
    const result = await work();
    await session.query("commit");
    return result;
  } catch (error) {
    await rollBack(session);
    throw error;
  }
}

const SAVEPOINT = "castchat_recovery_part";

/** Runs a part of an open transaction. If the part fails, only its own changes are rolled back; on a lost connection there is nothing to. */
export async function withSavepoint<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query(`savepoint ${SAVEPOINT}`);
  try {
    const result = await work();
    await session.query(`release ${SAVEPOINT}`);
    return result;
  } catch (error) {
    await session.query(`rollback to ${SAVEPOINT}; release ${SAVEPOINT}`).catch(() => undefined);
    throw error;
  }
}

/** Rolls back a failed transaction. On a lost connection there is nothing to roll back. */
export async function rollBack(session: Session): Promise<void> {
  await session.query("rollback").catch(() => undefined);
}
