/** A table's content: its row count, and a digest that does not depend on the rows' order. */
export interface TableContent {
  rows: number;
  digest: string;
}

/** The kinds of objects in a database beside rows; each is compared by name. */
export const OBJECT_KINDS = [
  "schema",
  "extension",
  "type",
  "table",
  "column",
  "constraint",
  "index",
  "trigger",
  "policy",
  "function",
  "view",
  "rule",
  "sequence",
  "statistics",
  "collation",
  "publication",
  "scheduled job",
  "vault secret",
  "grant",
  "default privileges",
  "comment",
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** Kinds that act by themselves: after a recovery they stay off until they are released. */
export const HELD_BACK = ["publication", "scheduled job"] as const satisfies readonly ObjectKind[];

/** Whether a difference concerns one of those kinds. */
export function isHeldBack(kind: Difference["kind"]): boolean {
  return HELD_BACK.some((held) => held === kind);
}

/** Something that is deliberately not compared, and why. */
export interface LeftOut {
  what: string;
  why: string;
}

/** A database at one moment, small enough for memory: only digests, no contents of rows. */
export interface DatabaseSnapshot {
  serverVersion: string;
  /** By qualified name: ordinary tables, partitions with rows, and materialized views. */
  tables: Record<string, TableContent>;
  /** By qualified name: the sequence's position. */
  sequences: Record<string, string>;
  /** By kind and name: the definition. */
  objects: Record<ObjectKind, Record<string, string>>;
  leftOut: LeftOut[];
  durationMs: number;
}

/** One difference between two databases. */
export interface Difference {
  /** "table contents" and "sequence position" concern data, the others definitions. */
  kind: ObjectKind | "table contents" | "sequence position";
  name: string;
  /** A sentence for the report, without contents of rows. */
  text: string;
}

/** Rows of a table that one snapshot has and a later one doesn't. */
export interface LostRows {
  table: string;
  rows: number;
}
