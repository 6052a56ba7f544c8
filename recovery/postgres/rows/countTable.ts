import type { Session } from "../session/database.ts";
import { quoteIdent } from "../session/quote.ts";
import type { PlannedTable } from "./tableReading.ts";

/** The server's own count of a table, independent of any copy of its rows. */
export interface TableCount {
  rows: number;
  /** Newest value of the table's time columns that isn't in the future. Undefined if it has none. */
  newestAt: Date | undefined;
}

/** Counts a table's own rows, without its children's, and finds the newest one. In a snapshot it counts the snapshot's rows. */
export async function countTable(
  session: Session,
  table: Pick<PlannedTable, "schema" | "name" | "timeColumns" | "condition">,
): Promise<TableCount> {
  const name = quoteIdent(table.name);
  const newest = table.timeColumns.map((column) => {
    const time = `${name}.${quoteIdent(column)}`;
    return `max(${time}) filter (where isfinite(${time}) and ${time} <= clock_timestamp())`;
  });
  const [answer] = await session.query<{ rows: string; newest: Date | null }>(
    `select count(*) as rows, ${newest.length === 0 ? "null" : `greatest(${newest.join(", ")})`} as newest
     from only ${quoteIdent(table.schema)}.${name} as ${name} ${table.condition ?? ""}`,
  );
  if (answer === undefined) throw new Error(`the server returned no count of ${table.schema}.${table.name}`);
  return { rows: Number(answer.rows), newestAt: answer.newest ?? undefined };
}
