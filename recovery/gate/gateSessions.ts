import { PromiseError } from "../../services/common/errors.ts";
import type { Session } from "../postgres/session/database.ts";
import { terminateSessions } from "../postgres/session/terminateSessions.ts";

/**
 * Other sessions in this database that began by an instant. A session that is only just connecting shows no database yet. Our own sessions
 * are known by their name, before which Supabase's pooler may put its own. Only a superuser can end a superuser's session.
 */
const OTHERS = `
  pg_catalog.pg_stat_activity a left join pg_catalog.pg_roles r on r.rolname = a.usename
 where a.backend_type = 'client backend' and (a.datname = current_database() or a.datname is null)
   and a.pid <> pg_backend_pid() and a.application_name !~ '^(Supavisor - )?castchat-recovery'
   and not coalesce(r.rolsuper, false) and a.backend_start <= $1`;

/**
 * Ends every other session that has begun by now, and waits until they are gone: rights and defaults bind only sessions that begin after
 * their change was committed. Returns how many there were.
 *
 * @param olderThanMs spares sessions that have only just begun: one of ours behind a pooler has no name yet
 * @throws PromiseError if one does not end within {@link Timing.sessionsEndMs}
 */
export async function endSessions(session: Session, signal?: AbortSignal, olderThanMs = 0): Promise<number> {
  const [now] = await session.query<{ at: string }>(
    "select (clock_timestamp() - $1 * interval '1 millisecond')::text as at",
    [olderThanMs],
  );
  const { ended, left } = await terminateSessions(session, { which: OTHERS, values: [now?.at] }, signal);
  if (left.length > 0)
    throw new PromiseError(
      `${left.length} sessions did not end, and may still write (server processes ${left.join(", ")}). Restart the database, then run the same command again.`,
    );
  return ended.size;
}

/** How many other sessions are older than an instant. */
export async function countSessionsSince(session: Session, at: Date): Promise<number> {
  const [row] = await session.query<{ count: number }>(`select count(*)::int as count from ${OTHERS}`, [at]);
  return row?.count ?? 0;
}
