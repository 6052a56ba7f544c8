import type { Session } from "../clients/database.ts";
import { quoteIdent } from "./quote.ts";

/** What a table holds, in a form that two databases can be compared by. */
export interface TableContent {
  /** Counted by the server, apart from any dump. */
  rows: number;
  /**
   * Sum of the 64-bit hashes of all rows as text. It does not depend on the rows' order, and equal rows don't cancel out
   * as they would under XOR. Columns are named, so that a column which the platform has added since changes nothing.
   */
  fingerprint: string;
}

/** Which columns of which table. */
export interface FingerprintedTable {
  schema: string;
  name: string;
  allColumns: readonly string[];
}

/** Content of a table together with the time of its newest row. */
export interface DatedContent extends TableContent {
  /** Newest value of the table's time columns that isn't in the future; undefined where it has none. */
  newestAt: Date | undefined;
}

/**
 * Reads one table in one pass: rows, fingerprint, newest row. The session must have its output settings pinned
 * (clients/database.ts); in a snapshot the answer belongs to the snapshot.
 */
export async function fingerprintTable(
  session: Session,
  table: FingerprintedTable,
  timeColumns: readonly string[] = [],
): Promise<DatedContent> {
  const row = `ROW(${table.allColumns.map((column) => `t.${quoteIdent(column)}`).join(", ")})`;
  const newest = timeColumns.map((column) => {
    const name = `t.${quoteIdent(column)}`;
    return `max(${name}) filter (where isfinite(${name}) and ${name} <= clock_timestamp())`;
  });
  // ONLY: a parent's rows are counted with the parent, a child's with the child.
  const [answer] = await session.query<{ rows: string; fingerprint: string; newest: Date | null }>(
    `select count(*) as rows, coalesce(sum(hashtextextended((${row})::text collate "C", 0)), 0)::text as fingerprint,
       ${newest.length === 0 ? "null" : `greatest(${newest.join(", ")})`} as newest
     from only ${quoteIdent(table.schema)}.${quoteIdent(table.name)} as t`,
  );
  if (answer === undefined) throw new Error(`no answer on ${table.schema}.${table.name}`);
  return { rows: Number(answer.rows), fingerprint: answer.fingerprint, newestAt: answer.newest ?? undefined };
}

/** Undefined when both are equal; else a clause that says what differs. */
export function differenceOf(expected: TableContent, found: TableContent): string | undefined {
  if (expected.rows !== found.rows) return `${found.rows} rows instead of ${expected.rows}`;
  if (expected.fingerprint !== found.fingerprint) return `other content in its ${expected.rows} rows`;
  return undefined;
}
