import { retry } from "../../services/common/retry.ts";
import type { Timing } from "../../services/common/timing.ts";
import { connect, type Session } from "../postgres/session/database.ts";
import { tableKey } from "../postgres/session/quote.ts";
import type { Contention } from "./lockConflict.ts";
import { NO_WAIT_MS } from "./lockRelations.ts";

/**
 * A second session that locks the contended tables, those that other sessions lock exclusively again and again. It locks them before the
 * snapshot, as the leading session locks all others, then takes over the snapshot. A session can't release a single lock of its transaction
 * and keep its snapshot, so only a session of its own can release these tables first.
 */
export interface Holder {
  session: Session;
  /** By {@link tableKey}: the tables and views that it locks. */
  keys: ReadonlySet<string>;
}

/** How to open a holder's session. */
export interface HolderOptions {
  databaseUrl: string;
  /** That of the run's other sessions, by which the watch knows it. */
  applicationName: string;
  contention: Contention;
  timing: Timing;
  signal: AbortSignal;
}

/** Opens the session of a holder. Undefined if nothing is contended. It holds no lock yet. */
export async function openHolder(leading: Session, options: HolderOptions): Promise<Holder | undefined> {
  const { databaseUrl, applicationName, contention, timing, signal } = options;
  if (contention.relations.size === 0) return undefined;
  const keys = await withDependents(leading, [...contention.relations.values()]);
  const until = performance.now() + timing.readerConnectMs;
  const session = await retry(
    () => connect(databaseUrl, { applicationName, lockTimeoutMs: NO_WAIT_MS, signal, timing }),
    { pauseMs: () => (performance.now() > until ? undefined : timing.readerPauseMs), signal },
  );
  return { session, keys };
}

/**
 * The relations with all that is locked with them: partitions and children, which a statement about the parent locks, and views, whose
 * locks include the tables that they read. Source: PostgreSQL's manual, LOCK.
 */
async function withDependents(
  session: Session,
  relations: readonly { schema: string; name: string }[],
): Promise<ReadonlySet<string>> {
  const found = await session.query<{ schema: string; name: string }>(
    `with recursive held (oid) as (
       select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where (n.nspname, c.relname) in (select * from unnest($1::text[], $2::text[]))
       union select dependent.oid from held cross join lateral (
         select i.inhrelid as oid from pg_catalog.pg_inherits i where i.inhparent = held.oid
         union all select r.ev_class from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
           where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
             and d.refobjid = held.oid) dependent)
     select n.nspname as schema, c.relname as name from held join pg_catalog.pg_class c using (oid)
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace`,
    [relations.map(({ schema }) => schema), relations.map(({ name }) => name)],
  );
  return new Set(found.map(tableKey));
}
