import { amount } from "../../services/common/amount.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import type { Session } from "../postgres/session/database.ts";
import { ownSessions } from "../postgres/session/ownSessions.ts";
import { quoteIdent } from "../postgres/session/quote.ts";
import { terminateSessions } from "../postgres/session/terminateSessions.ts";

/**
 * Other sessions in this database that began by an instant. A session that is only just connecting shows no database yet. Ours are known
 * by their process ids, starts and role. Only a superuser can end a superuser's session.
 */
const OTHERS = `
  pg_catalog.pg_stat_activity a left join pg_catalog.pg_roles r on r.rolname = a.usename
 where a.backend_type = 'client backend' and (a.datname = current_database() or a.datname is null)
   and a.pid <> pg_backend_pid() and not coalesce(r.rolsuper, false) and a.backend_start <= $1
   and not (coalesce(a.usename, '') = current_user and exists (
     select from unnest($2::int[], $3::timestamptz[]) as own (pid, start) where own.pid = a.pid and own.start = a.backend_start))`;

function valuesFor(at: Date | string | undefined): unknown[] {
  const { pids, starts } = ownSessions();
  return [at, pids, starts];
}

/**
 * Refuses a role that does not see the sessions of other roles or may not end them: they would outlast the closing unnoticed. Source: "The
 * Cumulative Statistics System" and pg_signal_backend in https://www.postgresql.org/docs/current/predefined-roles.html. UserError.
 */
export async function refuseBlind(session: Session): Promise<void> {
  const [row] = await session.query<{ missing: string[] }>(
    `select array(select m.rolname::text from pg_catalog.pg_roles m where m.rolname in ('pg_read_all_stats', 'pg_signal_backend')
         and not pg_catalog.pg_has_role(me.oid, m.oid, 'usage') order by 1) as missing from pg_catalog.pg_roles me where me.rolname = current_user`,
  );
  const missing = row?.missing ?? [];
  if (missing.length === 0) return;
  const user = session.address.user;
  throw new UserError(
    `The role "${user}" may not see or end other roles' sessions, which could write on unnoticed. Let a superuser run: grant ${missing.join(", ")} to ${quoteIdent(user)};`,
  );
}

/**
 * Ends every other session that has begun by now, and waits until they are gone: rights and defaults bind only sessions that begin after
 * their change was committed. Sessions of another run of this program are others, too. Returns how many there were.
 *
 * @param olderThanMs spares sessions that have only just begun: one of ours is not noted yet
 * @throws PromiseError if one does not end within {@link Timing.sessionsEndMs}, UserError if this role can't see or end others
 */
export async function endSessions(session: Session, signal?: AbortSignal, olderThanMs = 0): Promise<number> {
  await refuseBlind(session);
  const [now] = await session.query<{ at: string }>(
    "select (clock_timestamp() - $1 * interval '1 millisecond')::text as at",
    [olderThanMs],
  );
  const which = { which: OTHERS, values: () => valuesFor(now?.at) };
  const { ended, left } = await terminateSessions(session, which, signal);
  if (left.length > 0)
    throw new PromiseError(
      `${amount(left.length, "session")} did not end, and may still write (server processes ${left.join(", ")}). Restart the database, then run the same command again.`,
    );
  return ended.size;
}

/** How many other sessions are older than an instant. UserError if this role can't see them. */
export async function countSessionsSince(session: Session, at: Date): Promise<number> {
  await refuseBlind(session);
  const [row] = await session.query<{ count: number }>(`select count(*)::int as count from ${OTHERS}`, valuesFor(at));
  return row?.count ?? 0;
}
