import { PromiseError } from "../../services/common/errors.ts";
import type { ContentCounts, TableFacts } from "../postgres/catalog/catalog.ts";
import type { BackedUpTable } from "../postgres/catalog/description.ts";
import type { TableCount } from "../postgres/rows/countTable.ts";
import { RowSum } from "../postgres/rows/rowSum.ts";
import { tableKey, tableName } from "../postgres/session/quote.ts";
import type { BackupChunk, ChunkSection, Manifest } from "./manifest.ts";

type Sum = Pick<ChunkSection, "rows" | "bytes" | "fingerprint">;

/** Rows, bytes and fingerprint of each table in these chunks, by {@link tableKey}. */
export function sumChunks(chunks: readonly Pick<BackupChunk, "sections">[]): Map<string, Sum> {
  const byTable = Map.groupBy(
    chunks.flatMap(({ sections }) => sections),
    tableKey,
  );
  return new Map([...byTable].map(([key, sections]) => [key, sumOf(sections)]));
}

function sumOf(sections: readonly ChunkSection[]): Sum {
  const sum = new RowSum();
  for (const section of sections) sum.addSum(section.rows, section.fingerprint);
  const bytes = sections.reduce((total, section) => total + section.bytes, 0);
  return { rows: sum.rows, bytes, fingerprint: sum.toString() };
}

/** The counts of users, posts and applications that a manifest records. Its key is older than this name. */
export function recordedCounts({ seedCounts }: Pick<Manifest, "seedCounts">): ContentCounts {
  return seedCounts;
}

/** The counts of users, posts and applications in a backup that does not hold every table. */
export function countInTables(tables: readonly BackedUpTable[]): ContentCounts {
  const rowsOf = (schema: string, name: string) =>
    tables.find((table) => table.schema === schema && table.name === name)?.rows;
  return {
    users: rowsOf("public", "users") ?? rowsOf("auth", "users") ?? 0,
    posts: rowsOf("public", "posts") ?? 0,
    applications: rowsOf("public", "applications") ?? 0,
  };
}

/**
 * The tables as the manifest describes them.
 *
 * @throws PromiseError if the number of copied rows differs from the server's count
 */
export function describeTables(
  tables: readonly TableFacts[],
  chunks: readonly BackupChunk[],
  counts: ReadonlyMap<string, TableCount>,
): BackedUpTable[] {
  const sums = sumChunks(chunks);
  return tables.map((table) => {
    const { schema, name, kind, columns, format, condition } = table;
    const sum = sums.get(tableKey(table)) ?? sumOf([]);
    const counted = counts.get(tableKey(table))?.rows;
    if (counted !== sum.rows) {
      throw new PromiseError(
        `Of ${tableName(table)} ${sum.rows} rows were copied, but the server counts ${counted ?? "none"}. This run is not a backup. Run it again.`,
      );
    }
    return { schema, name, kind, columns, format, ...(condition !== "" && { condition }), ...sum };
  });
}
