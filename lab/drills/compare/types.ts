/** What a table holds: how many rows, and a digest of them that does not depend on their order. */
export interface TableContent {
  rows: number;
  digest: string;
}

/** Kinds of things that a database holds beside rows; each is compared by name. */
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

/** Kinds that act by themselves: a recovery brings them back only once they are released. */
export const HELD_BACK = ["publication", "scheduled job"] as const satisfies readonly ObjectKind[];

/** Whether a difference is of one of those kinds. */
export function isHeldBack(kind: Difference["kind"]): boolean {
  return HELD_BACK.some((held) => held === kind);
}

/** Something that is knowingly not compared, and why. */
export interface LeftOut {
  what: string;
  why: string;
}

/** A database as it was at one moment, small enough to keep in memory: no row's contents, only digests. */
export interface DatabaseSnapshot {
  serverVersion: string;
  /** By qualified name. Ordinary tables and partitions that hold rows themselves; materialized views too. */
  tables: Record<string, TableContent>;
  /** By qualified name: where the sequence stands. */
  sequences: Record<string, string>;
  /** By kind and name: the definition. */
  objects: Record<ObjectKind, Record<string, string>>;
  leftOut: LeftOut[];
  durationMs: number;
}

/** One thing that is not the same in two databases. */
export interface Difference {
  /** "table contents" and "sequence position" are about data, the others about what stands around it. */
  kind: ObjectKind | "table contents" | "sequence position";
  name: string;
  /** A sentence for the report, without any row's contents. */
  text: string;
}

/** Rows of a table that one snapshot has and a later one doesn't. */
export interface LostRows {
  table: string;
  rows: number;
}
