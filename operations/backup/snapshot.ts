import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../../clients/database.ts";
import { UserError } from "../../clients/errors.ts";
import type { Reporter } from "../../clients/reporter.ts";
import { listTables } from "../database/catalog.ts";
import type { TableFacts } from "../database/catalog.ts";
import type { LeftOut } from "./leftOut.ts";
import { measureTables } from "../database/measureTables.ts";
import type { MeasuredTable } from "../database/measureTables.ts";
import { quoteIdent, tableName } from "../database/quote.ts";

/** One consistent view of the database, for as long as its session's transaction is open. */
export interface Snapshot {
  /** What pg_dump takes as --snapshot. */
  id: string;
  tables: MeasuredTable[];
  /** Tables of the platform's own schemas whose rows this role may not see, all or some of them. */
  unreadable: LeftOut[];
}

const ATTEMPTS = 4;
const PAUSE_MS = 1_500;
/** A lock that is not to be had in time, a table that has gone meanwhile. */
const PASSING = new Set(["55P03", "42P01", "40P01"]);

/**
 * Opens the leading transaction. Every table is locked against changes of its definition *before* the snapshot is taken:
 * after an ALTER TYPE or TRUNCATE between the two, others would read no rows, in silence. Then the tables are listed
 * again; if that list differs, all starts anew. A lock that isn't to be had in 5 seconds is given up, so that whoever
 * waits behind us doesn't wait for long.
 */
export async function openSnapshot(session: Session, reporter: Reporter, signal?: AbortSignal): Promise<Snapshot> {
  for (let attempt = 1; ; attempt += 1) {
    const listed = await listTables(session);
    const tables = listed.filter((table) => !isHiddenByPlatform(table));
    refuseUnreadable(tables, session.address.user);
    await refuseHypertables(session);
    try {
      await session.query("begin isolation level repeatable read read only");
      // LOCK takes no snapshot; the first query after it does.
      if (tables.length > 0) await session.query(`lock table ${tables.map(sqlName).join(", ")} in access share mode`);
      const [exported] = await session.query<{ id: string }>("select pg_export_snapshot() as id");
      const again = await listTables(session);
      if (exported !== undefined && names(again) === names(listed))
        return {
          id: exported.id,
          tables: await measureTables(session, tables),
          unreadable: listed.filter(isHiddenByPlatform).map((table) => leftOutFor(table, session.address.user)),
        };
      await session.query("rollback");
    } catch (error) {
      if (!PASSING.has((error as { code?: string }).code ?? "")) throw error;
      await session.query("rollback");
      if (attempt >= ATTEMPTS) {
        throw new UserError(
          `The tables could not be locked for reading in ${ATTEMPTS} attempts: another session holds or changes them; run again once it has finished.`,
          { cause: error },
        );
      }
      reporter("Another session holds a table: giving way, then trying again");
      await sleep(PAUSE_MS, undefined, signal && { signal });
      continue;
    }
    if (attempt >= ATTEMPTS) {
      throw new UserError(
        `Tables were added or removed during each of ${ATTEMPTS} attempts: run again once migrations have finished.`,
      );
    }
  }
}

/**
 * A table of auth or storage that Supabase keeps from its customers can't be had by anyone of them. Its schema is the platform's,
 * so it is named in the manifest instead of ending every run from the day on that Supabase adds one.
 */
function isHiddenByPlatform(table: TableFacts): boolean {
  return table.kind === "managed" && (!table.readable || table.filtered);
}

function leftOutFor(table: TableFacts, user: string): LeftOut {
  return {
    what: `rows of ${tableName(table)}`,
    why: table.readable
      ? `row level security of the platform hides rows of it from "${user}"`
      : `the platform does not let "${user}" read it`,
  };
}

/** A table of the app's that can't be read, or read filtered alone, would be missing from the backup: the run is refused instead. */
function refuseUnreadable(tables: readonly TableFacts[], user: string): void {
  const unreadable = tables.filter((table) => !table.readable);
  if (unreadable.length > 0) {
    throw new UserError(
      `"${user}" may not read ${unreadable.map(tableName).join(", ")}: grant it SELECT, since a backup without them would not be whole.`,
    );
  }
  const filtered = tables.filter((table) => table.filtered);
  if (filtered.length > 0) {
    throw new UserError(
      `Row level security hides rows of ${filtered.map(tableName).join(", ")} from "${user}": use a role with BYPASSRLS, since a backup without them would not be whole.`,
    );
  }
}

/** COPY of a Timescale hypertable gives no row and no error: its rows lie in tables of the extension. */
async function refuseHypertables(session: Session): Promise<void> {
  const [there] = await session.query<{ name: string | null }>(
    "select to_regclass('_timescaledb_catalog.hypertable')::text as name",
  );
  if ((there?.name ?? null) === null) return;
  const found = await session.query<{ schema: string; name: string }>(
    "select schema_name as schema, table_name as name from _timescaledb_catalog.hypertable order by 1, 2",
  );
  if (found.length === 0) return;
  throw new UserError(
    `The rows of the Timescale hypertables ${found.map(tableName).join(", ")} cannot be copied: move them to ordinary tables, since a backup without them would not be whole.`,
  );
}

function sqlName(table: TableFacts): string {
  // ONLY: each partition and child is in the list itself.
  return `only ${quoteIdent(table.schema)}.${quoteIdent(table.name)}`;
}

function names(tables: readonly TableFacts[]): string {
  return JSON.stringify(tables.map((table) => [table.schema, table.name, table.allColumns]));
}
