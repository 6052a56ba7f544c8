import type { ScriptEntry } from "./archiveScript.ts";

/** How the entries before the rows are made: schemas first, others beside each other, or in pg_restore's order. */
export type Way = "schemas" | "beside" | "in order";

/** Entries that follow each other and are made in the same way. */
export interface Run<E> {
  way: Way;
  entries: E[];
}

/**
 * What the archive says in full of which entries it needs. The same is not known of a function: its text may use anything, and PostgreSQL
 * reads it when a table's expression calls it. So functions, types and the like come in pg_restore's order, between the tables that it has
 * before and after them.
 */
const BESIDE = /^(TABLE|TABLE ATTACH|FOREIGN TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE|SEQUENCE OWNED BY|DEFAULT) /;

function wayOf({ description }: ScriptEntry): Way {
  if (description.startsWith("SCHEMA ")) return "schemas";
  return BESIDE.test(description) ? "beside" : "in order";
}

/**
 * Splits an archive's entries, in pg_restore's order, into runs. A comment is made with what it is about.
 *
 * @param least entries that are worth several sessions. Fewer are made in order, in a run with those around them.
 */
export function runsOf<E extends ScriptEntry>(entries: readonly E[], least: number): Run<E>[] {
  const runs: Run<E>[] = [];
  for (const entry of entries) {
    const last = runs.at(-1);
    const way = last !== undefined && entry.description.startsWith("COMMENT ") ? last.way : wayOf(entry);
    if (last?.way === way) last.entries.push(entry);
    else runs.push({ way, entries: [entry] });
  }
  const merged: Run<E>[] = [];
  for (const { way: own, entries: some } of runs) {
    const way = own === "beside" && some.length < least ? "in order" : own;
    const last = merged.at(-1);
    if (last?.way === way) last.entries = [...last.entries, ...some];
    else merged.push({ way, entries: some });
  }
  return merged;
}
