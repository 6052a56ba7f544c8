import { connect } from "../../clients/database.ts";
import type { Session } from "../../clients/database.ts";
import { quoteLiteral } from "../database/quote.ts";

/** A reader waits for a lock for no longer than this: behind one that is queued for ours it would wait for itself. */
const LOCK_TIMEOUT_MS = 2_000;

/** Opens a session that reads what the exported snapshot shows. */
export async function openReader(
  from: { databaseUrl: string; applicationName: string; snapshotId: string },
  signal: AbortSignal,
): Promise<Session> {
  const { databaseUrl, applicationName, snapshotId } = from;
  const session = await connect(databaseUrl, { applicationName, lockTimeoutMs: LOCK_TIMEOUT_MS, signal });
  try {
    await session.query(
      `begin isolation level repeatable read read only; set transaction snapshot ${quoteLiteral(snapshotId)}`,
    );
    return session;
  } catch (error) {
    await session.end();
    throw error;
  }
}

/** Whether an error says that the connection is gone, not that the server refuses. */
export function isLostConnection(error: unknown): boolean {
  const { code: given, message } = error as NodeJS.ErrnoException;
  // An interruption's is a number.
  const code = typeof given === "string" ? given : "";
  return (
    ["ECONNRESET", "EPIPE", "ETIMEDOUT", "57P01", "57P02"].includes(code) ||
    code.startsWith("08") ||
    /^(Connection terminated|Client has encountered a connection error)/.test(message)
  );
}
