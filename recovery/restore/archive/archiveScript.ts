import type { BackedUpTable } from "../../postgres/catalog/description.ts";

/** One entry of an archive as SQL, with what the order of its making depends on. */
export interface ArchiveEntry {
  id: number;
  /** Its line in a journal. */
  step: string;
  sql: string;
  /** Ids of the entries, of this script or made before it, that it needs. */
  needs: number[];
  /** Those of them that are tables which it locks against anything else. */
  locks: number[];
  /** Of the largest table that it belongs to. */
  bytes: number;
}

/** The part of an archive that comes after the rows. */
export interface PostDataScript {
  /** What each session that makes entries sets first. */
  settings: string;
  /** Entries that may be made beside each other, as far as what they need and lock allows it. */
  beside: ArchiveEntry[];
  /** Rights, refreshes and event triggers: one after the other, once all else is there. */
  after: ArchiveEntry[];
}

/** Line of `pg_restore --list`: "2345; 2606 17056 FK CONSTRAINT public posts posts_author_id_fkey postgres". */
const LISTED = /^(\d+); (\d+) (\d+) (.+)$/;
/** What `pg_restore --verbose` writes before each entry. */
const HEADER = /^-- TOC entry (\d+) \(class (\d+) OID (\d+)\)$/;
const NEEDS = /^-- Dependencies: ([\d ]+)$/;
/** Settings that pg_restore changes between two entries: they belong to all that follow. */
const TRAILING_SETTINGS = /(?:^SET default_\w+ = .*;\n+)+(?![\s\S])/m;
/** The first entry of these is where pg_restore's own order stops working in parallel. */
const AFTER = /^(ACL |DEFAULT ACL |EVENT TRIGGER |COMMENT - EVENT TRIGGER |MATERIALIZED VIEW DATA |STATISTICS DATA )/;

/**
 * Takes the SQL of `pg_restore --verbose --section=post-data` apart into its entries. `list` is the list that it was made with.
 * An entry's head counts only where the list has that entry, with the same class and OID, so that no text within an
 * entry is taken for one. An error where they don't fit together.
 */
export function readPostData(sql: string, list: string, tables: readonly BackedUpTable[]): PostDataScript {
  const listed = readList(list);
  const sizes = new Map(tables.map(({ schema, name, bytes }) => [`TABLE ${schema} ${name} `, bytes]));
  const bytesOf = (id: number): number => {
    const description = listed.get(id)?.description ?? "";
    return sizes.get(description.slice(0, description.lastIndexOf(" ") + 1)) ?? 0;
  };
  const isTable = (id: number) => listed.get(id)?.description.startsWith("TABLE ") === true;

  const { settings, pieces } = splitScript(sql, listed);
  const entries = pieces.map(({ id, text, prelude }): ArchiveEntry => {
    const description = listed.get(id)?.description ?? "";
    const needs = [...new Set((NEEDS.exec(text.split("\n", 2)[1] ?? "")?.[1] ?? "").split(" ").filter(Boolean))].map(
      Number,
    );
    return {
      id,
      step: `entry ${id} ${description}`,
      sql: prelude + text,
      needs,
      // An index is built under a lock that others of the same table share.
      locks: description.startsWith("INDEX ") && !description.startsWith("INDEX ATTACH ") ? [] : needs.filter(isTable),
      bytes: Math.max(0, ...needs.map(bytesOf)),
    };
  });
  const first = entries.findIndex(({ id }) => AFTER.test(listed.get(id)?.description ?? ""));
  const split = first === -1 ? entries.length : first;
  return { settings, beside: entries.slice(0, split), after: entries.slice(split) };
}

/** The SQL of `pg_restore --verbose` as what a session sets first and then one text an entry, in pg_restore's order. */
export function readEntries(sql: string, list: string): { settings: string; entries: string[] } {
  const { settings, pieces } = splitScript(sql, readList(list));
  return { settings, entries: pieces.map(({ text, prelude }) => prelude + text) };
}

interface Listed {
  head: string;
  description: string;
}

function readList(list: string): Map<number, Listed> {
  const found = new Map<number, Listed>();
  for (const line of list.split("\n")) {
    const [, id, table, oid, description] = LISTED.exec(line) ?? [];
    if (id !== undefined && description !== undefined)
      found.set(Number(id), { head: `${id} ${table} ${oid}`, description });
  }
  return found;
}

function splitScript(
  sql: string,
  listed: ReadonlyMap<number, Listed>,
): { settings: string; pieces: { id: number; text: string; prelude: string }[] } {
  const pieces: { id: number; lines: string[] }[] = [];
  const preamble: string[] = [];
  const seen = new Set<number>();
  for (const line of sql.split("\n")) {
    // For psql alone: a server would refuse them.
    if (/^\\(un)?restrict /.test(line)) continue;
    const [, id, table, oid] = HEADER.exec(line) ?? [];
    if (id !== undefined && listed.get(Number(id))?.head === `${id} ${table} ${oid}` && !seen.has(Number(id))) {
      seen.add(Number(id));
      pieces.push({ id: Number(id), lines: [] });
    }
    (pieces.at(-1)?.lines ?? preamble).push(line);
  }
  let prelude = "";
  const result = pieces.map(({ id, lines }) => {
    // The next entry's head begins with an empty comment.
    if (lines.at(-1) === "--") lines.pop();
    const text = lines.join("\n") + "\n";
    const trailing = TRAILING_SETTINGS.exec(text)?.[0] ?? "";
    const piece = { id, text: text.slice(0, text.length - trailing.length), prelude };
    prelude += trailing;
    return piece;
  });
  return { settings: preamble.join("\n"), pieces: result };
}
