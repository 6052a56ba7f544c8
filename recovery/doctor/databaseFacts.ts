import { connect, type Session } from "../postgres/session/database.ts";
import { inTransaction } from "../postgres/session/transaction.ts";

/** What a live database's server says of itself. */
export interface DatabaseFacts {
  serverMajor: number;
  /** As the server prints it, "17.10". */
  serverVersion: string;
  /** Size of all its files, in bytes: rows, indexes and what was deleted but not reclaimed. */
  bytes: number;
  /** Whether new sessions begin read-only: writes are stopped, or its disk is full. */
  isReadOnly: boolean;
}

/** For one statement: none of these takes longer. */
const STATEMENT_MS = 10_000;

/**
 * Looks at a database in a transaction that is read-only, whatever the role may do.
 *
 * @throws UserError of one message, without the password, if it can't be reached
 */
export async function lookAtServer(connectionString: string, signal: AbortSignal): Promise<DatabaseFacts> {
  return await readOnly(connectionString, signal, async (session) => {
    const [found] = await session.query<{ bytes: string; mode: string }>(
      `select pg_catalog.pg_database_size(pg_catalog.current_database())::text as bytes,
              pg_catalog.current_setting('default_transaction_read_only') as mode`,
    );
    const { serverMajor, serverVersion } = session;
    return { serverMajor, serverVersion, bytes: Number(found?.bytes), isReadOnly: found?.mode === "on" };
  });
}

/** @internal exported for its test */
export async function readOnly<T>(
  connectionString: string,
  signal: AbortSignal,
  look: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await connect(connectionString, {
    applicationName: "castchat-recovery doctor",
    statementTimeoutMs: STATEMENT_MS,
    signal,
  });
  try {
    return await inTransaction(session, async () => {
      await session.query("set transaction read only");
      return await look(session);
    });
  } finally {
    await session.end();
  }
}
