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

/** Rolls back a failed transaction. On a lost connection there is nothing to roll back. */
export async function rollBack(session: Session): Promise<void> {
  await session.query("rollback").catch(() => undefined);
}
