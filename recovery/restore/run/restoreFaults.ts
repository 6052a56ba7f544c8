import { tmpdir } from "node:os";

import { messageOf, UserError } from "../../../services/common/errors.ts";
import type { Session } from "../../postgres/session/database.ts";
import { placeOf } from "../../postgres/session/databaseUrl.ts";
import { WHO_ENDS_SESSIONS, wordsOfEnd } from "../../postgres/session/endedSession.ts";
import { isLostConnection, SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { EntryFault } from "./entryFault.ts";

/** The server's words for a full disk. pg_restore passes on no code. */
const NO_ROOM = /could not (extend|write|create)[^\n]*No space left on device/;

const IS_PARTITION = /^TABLE ATTACH /;

/** Explains what the target, or this machine's disk, cannot do and what to do about it. Any other error is returned as it is. */
export function explainTargetFault(error: unknown, target: Session["address"]): unknown {
  const sentence = sentenceFor(error, target);
  return sentence === undefined ? error : new UserError(sentence, { cause: error });
}

function sentenceFor(error: unknown, target: Session["address"]): string | undefined {
  const code = sqlStateOf(error);
  const database = `target database ${placeOf(target)}`;
  const says = (words: RegExp) => !(error instanceof UserError) && words.test(messageOf(error));
  if (code === "ENOSPC")
    return `The temporary folder ${tmpdir()} of this machine is full, and a restore keeps the backup's definitions there while it runs. Make room or set TMPDIR to another folder. Then run the same command again: it continues with what is missing.`;
  if (code === SQLSTATE.DISK_FULL || says(NO_ROOM))
    return `The disk of the ${database} is full. Enlarge it (on Supabase: Database settings, disk size), then run the same command again: it continues with what is missing.`;
  if (code === SQLSTATE.INSUFFICIENT_PRIVILEGE && error instanceof EntryFault)
    return `The role "${target.user}" may not make an entry of the backup's definitions on the ${database}: ${messageOf(error)}. Restore as the role that owns the database, on Supabase "postgres". If that role may not make it either, drop it in the source and take a backup again, or restore by hand without it (docs/restore-by-hand.md).`;
  if (code === SQLSTATE.INVALID_OBJECT_DEFINITION && error instanceof EntryFault && IS_PARTITION.test(error.entry))
    return `The ${database} refuses a partition of the backup: ${messageOf(error)}. Its bounds depend on the order of text. If the restore has noted another default collation than the source's, restore into a database that has the source's, on a server of your own by \`create database … template template0\` with its locale.`;
  if (code === SQLSTATE.INSUFFICIENT_PRIVILEGE)
    return `The role "${target.user}" lacks a right on the ${database} (${messageOf(error)}). Restore as the role that owns it, on Supabase "postgres".`;
  if (code === SQLSTATE.LOCK_NOT_AVAILABLE)
    return `Another session holds what the restore needs on the ${database} (${messageOf(error)}). Find it in pg_stat_activity and end it, unless it is a superuser's, which is the platform's own. Then run the same command again.`;
  if (code === SQLSTATE.READ_ONLY_SQL_TRANSACTION)
    return `The ${database} is read-only. Supabase makes it read-only when its disk is nearly full. Enlarge the disk, then run the same command again.`;
  const words = wordsOfEnd(error);
  if (words !== undefined)
    return `The server of the ${database} has ended the restore's session (${words}). ${WHO_ENDS_SESSIONS}. Look at \`castchat-recovery writes status\`, then run the same command again: it continues with what is missing.`;
  if (isLostConnection(error) || isUnreachable(error))
    return `The connection to the ${database} is lost. Check the network and that the server runs, then run the same command again: it continues with what is missing.`;
  return undefined;
}

/** Whether a further session could not be opened after the first one: the server has gone since. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof UserError) || error.cause === undefined || error.cause === null) return false;
  return isLostConnection(error.cause) || sqlStateOf(error.cause) === "ECONNREFUSED";
}
