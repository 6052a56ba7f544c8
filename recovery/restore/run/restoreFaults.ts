import { tmpdir } from "node:os";

import { messageOf, UserError } from "../../../services/common/errors.ts";
import type { Session } from "../../postgres/session/database.ts";
import { placeOf } from "../../postgres/session/databaseUrl.ts";
import { isLostConnection, SQLSTATE } from "../../postgres/session/sqlState.ts";

/** Whether what was thrown says that the server's disk is full; pg_restore hands on the server's words alone. */
const NO_ROOM = /could not (extend|write|create)[^\n]*No space left on device/;

/** The same for a server that has gone. */
const LOST_TO_A_TOOL =
  /pg_restore failed[^]*(server closed the connection|connection to server|SSL SYSCALL error|no connection to the server)/;

/** What the target itself, or the disk here, can't do, as a sentence with what to do about it; any other error as it was. */
export function explainTargetFault(error: unknown, target: Session["address"]): unknown {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === "ENOSPC") {
    return new UserError(
      `The temporary folder ${tmpdir()} of this machine is full, and a restore keeps the backup's definitions there for as long as it runs: make room or set TMPDIR to another folder, then run the same command again: it goes on with what is missing.`,
      { cause: error },
    );
  }
  const place = placeOf(target);
  if (code === SQLSTATE.DISK_FULL || (!(error instanceof UserError) && NO_ROOM.test(messageOf(error)))) {
    return new UserError(
      `The disk of the target database ${place} is full: enlarge it (on Supabase: Database settings, disk size), then run the same command again: it goes on with what is missing.`,
      { cause: error },
    );
  }
  if (code === SQLSTATE.INSUFFICIENT_PRIVILEGE) {
    return new UserError(
      `The role "${target.user}" lacks a right on the target database ${place} (${messageOf(error)}): restore as the role that owns it, on Supabase "postgres".`,
      { cause: error },
    );
  }
  if (code === SQLSTATE.LOCK_NOT_AVAILABLE) {
    return new UserError(
      `Another session holds what the restore needs on the target database ${place} (${messageOf(error)}): end it (pg_stat_activity shows who; a superuser's is the platform's own), then run the same command again.`,
      { cause: error },
    );
  }
  if (code === SQLSTATE.READ_ONLY_SQL_TRANSACTION) {
    return new UserError(
      `The target database ${place} is read-only: Supabase makes it so when its disk is nearly full. Enlarge the disk, then run the same command again.`,
      { cause: error },
    );
  }
  if (
    isLostConnection(error) ||
    isUnreachable(error) ||
    (!(error instanceof UserError) && LOST_TO_A_TOOL.test(messageOf(error)))
  ) {
    return new UserError(
      `The connection to the target database ${place} is lost: check the network and that the server runs, then run the same command again: it goes on with what is missing.`,
      { cause: error },
    );
  }
  return error;
}

/** A further session that could not be opened where the first one could: the server has gone meanwhile. */
function isUnreachable(error: unknown): boolean {
  const cause = error instanceof UserError ? error.cause : undefined;
  if (cause === undefined || cause === null) return false;
  return isLostConnection(cause) || (cause as NodeJS.ErrnoException).code === "ECONNREFUSED";
}
