import type { Session } from "./database.ts";

/** Does a piece of work in one transaction: whatever happens, all of it is committed or nothing. Returns what the work returns. */
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

/** Ends a transaction that has failed. On a connection that is gone there is nothing left to roll back. */
export async function rollBack(session: Session): Promise<void> {
  await session.query("rollback").catch(() => undefined);
}
