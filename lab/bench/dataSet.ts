/** The shapes whose time goes into rows: their form, and the number of tables. `schema` and `tables` are mostly definitions (see schema.sql, tables.sql). */
const TABLES = { one: 1, many: 40, wide: 1 } as const;
export type RowShape = keyof typeof TABLES;

/** The shapes of a database. */
export const SHAPES = ["one", "many", "wide", "schema", "tables"] as const;
export type Shape = (typeof SHAPES)[number];

const NAMES: Record<Shape, string> = {
  one: "one table",
  many: "40 tables",
  wide: "wide TOAST",
  schema: "1000 partitions and 1000 tables",
  tables: "20,000 tables",
};

/** A database to measure with. */
export interface DataSet {
  shape: Shape;
  /** Approximate megabytes of COPY text. */
  megabytes: number;
}

/** Its name in results, such as "one table, 100 MB". */
export function nameOf(data: DataSet): string {
  return `${NAMES[data.shape]}, ${data.megabytes} MB`;
}

/** The number of tables of a shape of rows. */
export function tablesOf(shape: RowShape): number {
  return TABLES[shape];
}
