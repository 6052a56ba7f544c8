import { messageOf } from "../../../services/common/errors.ts";
import { isLostConnection, SQLSTATE, sqlStateOf } from "./sqlState.ts";

/** The server's words for SQLSTATE 57P01, which pg_dump repeats without its SQLSTATE. */
const ENDED = "terminating connection due to administrator command";
/** What a session says of a server that was killed. It has the same SQLSTATE (src/backend/storage/ipc and tcop/postgres.c). */
const CRASHED = "unexpected postmaster exit";
/** What pg_dump reports of a connection that is lost. All but the first are libpq's words, which it writes in English here. */
const LOST_TO_PG_DUMP = new RegExp(
  `^pg_dump failed[^]*(${ENDED}|server closed the connection|no connection to the server|SSL SYSCALL error|SSL connection has been closed)`,
);

/** Whether the connection of a session of ours, or of pg_dump, is lost. */
export function isEnded(error: unknown): boolean {
  return isLostConnection(error) || LOST_TO_PG_DUMP.test(messageOf(error));
}

/** The server's words, if it has ended a session of ours or of pg_dump on command or because it shuts down. None of a server that crashed. */
export function wordsOfEnd(error: unknown): string | undefined {
  const message = messageOf(error);
  if (sqlStateOf(error) === SQLSTATE.ADMIN_SHUTDOWN) return message.includes(CRASHED) ? undefined : message;
  return LOST_TO_PG_DUMP.test(message) && message.includes(ENDED) ? ENDED : undefined;
}

/** What ends a session on command. PostgreSQL does not record which of them it was. */
export const WHO_ENDS_SESSIONS =
  "An administrator can do that (pg_terminate_backend), so can `castchat-recovery writes stop` and `restore in-place`, and a server that restarts";
