import type { Session } from "../clients/database.ts";
import type { PlannedTable } from "./tableReading.ts";
import { quoteIdent } from "./quote.ts";

/** What the server says of a table, apart from any copy of its rows. */
export interface TableCount {
  rows: number;
  /** Newest value of the table's time columns that isn't in the future; undefined where it has none. */
  newestAt: Date | undefined;
}

/** Counts a table's own rows, without its children's, and finds its newest. In a snapshot the answer is the snapshot's. */
export async function countTable(
  session: Session,
  table: Pick<PlannedTable, "schema" | "name" | "timeColumns">,
): Promise<TableCount> {
  const newest = table.timeColumns.map((column) => {
    const name = `t.${quoteIdent(column)}`;
    return `max(${name}) filter (where isfinite(${name}) and ${name} <= clock_timestamp())`;
  });
  const [answer] = await session.query<{ rows: string; newest: Date | null }>(
    `select count(*) as rows, ${newest.length === 0 ? "null" : `greatest(${newest.join(", ")})`} as newest
     from only ${quoteIdent(table.schema)}.${quoteIdent(table.name)} as t`,
  );
  if (answer === undefined) throw new Error(`no answer on ${table.schema}.${table.name}`);
  return { rows: Number(answer.rows), newestAt: answer.newest ?? undefined };
}
