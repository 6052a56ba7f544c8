import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { tableKey } from "../../postgres/session/quote.ts";
import { topLevelLines } from "./topLevel.ts";

/** One entry of an archive as SQL, and what it has to wait for. */
export interface PlacedEntry extends ScriptEntry {
  id: number;
  /** Ids of the entries that it needs, of this script or made before. */
  needs: number[];
  /** Those of them that are tables which it locks exclusively, and the partitions of these. */
  locks: number[];
}

/** One entry of those that come after the rows. */
export interface ArchiveEntry extends PlacedEntry {
  /** Its name in a journal. */
  step: string;
  /** Size of the largest table that it belongs to. */
  bytes: number;
  /** Key of the table whose rows it reads by an expression of the app, as the connected role. */
  checks: string | undefined;
}

/** The SQL of one entry. */
export interface ScriptEntry {
  /** As the archive's list names it: "TABLE public posts postgres". */
  description: string;
  sql: string;
}

/** The part of an archive that comes after the rows. */
export interface PostDataScript {
  /** What each session that makes entries has to set first. */
  settings: string;
  /** Entries that may be made beside each other, if they do not need each other or lock the same table. */
  beside: ArchiveEntry[];
  /** Rights, refreshes and event triggers: one after the other, after all else. */
  after: ArchiveEntry[];
}

/** Line of `pg_restore --list`: "2345; 2606 17056 FK CONSTRAINT public posts posts_author_id_fkey postgres". */
const LISTED = /^(\d+); (\d+) (\d+) (.+)$/;
/** Line below it with `--verbose`: ";	depends on: 245 7". */
const LISTED_NEEDS = /^;\tdepends on:([\d ]+)$/;
/** What `pg_restore --verbose` writes before each entry. */
const HEADER = /^-- TOC entry (\d+) \(class (\d+) OID (\d+)\)$/;
const NEEDS = /^-- Dependencies: ([\d ]+)$/;
/** Settings that pg_restore changes between two entries. They hold for all that follow. */
const TRAILING_SETTINGS = /(?:^SET default_\w+ = .*;\n+)+(?![\s\S])/m;
/** From the first of these entries on, pg_restore itself does not work in parallel either. */
const AFTER = /^(ACL |DEFAULT ACL |EVENT TRIGGER |COMMENT - EVENT TRIGGER |MATERIALIZED VIEW DATA |STATISTICS DATA )/;

/**
 * Splits the SQL of `pg_restore --verbose --section=post-data` into its entries. `list` is the list that it was made with.
 */
export function readPostData(sql: string, list: string, tables: readonly BackedUpTable[]): PostDataScript {
  const listed = readList(list);
  const known = new Map(tables.map((table) => [`TABLE ${table.schema} ${table.name} `, table]));
  const tableOf = (id: number) => {
    const description = listed.get(id)?.description ?? "";
    return known.get(description.slice(0, description.lastIndexOf(" ") + 1));
  };
  const { settings, entries: placed } = placedEntries(sql, listed);
  const entries = placed.map((entry): ArchiveEntry => {
    const { id, description, needs } = entry;
    const isCheck = description.startsWith("CHECK CONSTRAINT ");
    const checked = isCheck ? needs.map(tableOf).find((table) => table !== undefined) : undefined;
    return {
      ...entry,
      step: `entry ${id} ${description}`,
      bytes: Math.max(0, ...needs.map((need) => tableOf(need)?.bytes ?? 0)),
      checks: checked === undefined ? undefined : tableKey(checked),
    };
  });
  const first = entries.findIndex(({ id }) => AFTER.test(listed.get(id)?.description ?? ""));
  const split = first === -1 ? entries.length : first;
  return { settings, beside: entries.slice(0, split), after: entries.slice(split) };
}

/** Splits the SQL of `pg_restore --verbose` into what a session sets first and its entries, in pg_restore's order. */
export function readEntries(sql: string, list: string): { settings: string; entries: PlacedEntry[] } {
  return placedEntries(sql, readList(list));
}

function placedEntries(sql: string, listed: ReadonlyMap<number, Listed>): { settings: string; entries: PlacedEntry[] } {
  const tablesLockedWith = tablesLockedIn(listed);
  const { settings, pieces } = splitScript(sql, listed);
  const entries = pieces.map(({ id, text, prelude }): PlacedEntry => {
    const description = listed.get(id)?.description ?? "";
    const needs = [...new Set(idsIn(NEEDS.exec(text.split("\n", 2)[1] ?? "")?.[1]))];
    return {
      id,
      description,
      sql: prelude + text,
      needs,
      locks: locksNone(description, text) ? [] : [...new Set(needs.flatMap(tablesLockedWith))],
    };
  });
  return { settings, entries };
}

/** Several indexes of a table may be built at once. A table needs its parents, but locks them only to inherit from them. */
function locksNone(description: string, sql: string): boolean {
  return (
    /^INDEX (?!ATTACH )/.test(description) || (/^TABLE (?!ATTACH )/.test(description) && !/^INHERITS \(/m.test(sql))
  );
}

/**
 * By the id of what is locked: the table itself and its partitions at every level, as a foreign key or a trigger of a partitioned table is
 * made on each of them. Nothing for what is no table.
 */
function tablesLockedIn(listed: ReadonlyMap<number, Listed>): (id: number) => number[] {
  const isTable = (id: number) => listed.get(id)?.description.startsWith("TABLE ") === true;
  const partitions = new Map<number, number[]>();
  for (const { description, needs } of listed.values()) {
    if (!description.startsWith("TABLE ATTACH ")) continue;
    const child = `TABLE ${description.slice("TABLE ATTACH ".length)}`;
    const isChild = (id: number) => listed.get(id)?.description === child;
    for (const parent of needs.filter((id) => isTable(id) && !isChild(id))) {
      const known = partitions.get(parent) ?? [];
      known.push(...needs.filter(isChild));
      partitions.set(parent, known);
    }
  }
  const withPartitions = (id: number): number[] => [id, ...(partitions.get(id) ?? []).flatMap(withPartitions)];
  return (id) => (isTable(id) ? withPartitions(id) : []);
}

interface Listed {
  head: string;
  description: string;
  needs: number[];
}

function idsIn(text = ""): number[] {
  return text.split(" ").filter(Boolean).map(Number);
}

function readList(list: string): Map<number, Listed> {
  const found = new Map<number, Listed>();
  let last: Listed | undefined;
  for (const line of list.split("\n")) {
    const [, id, table, oid, description] = LISTED.exec(line) ?? [];
    if (id !== undefined && description !== undefined) {
      last = { head: `${id} ${table} ${oid}`, description, needs: [] };
      found.set(Number(id), last);
    }
    last?.needs.push(...idsIn(LISTED_NEEDS.exec(line)?.[1]));
  }
  return found;
}

/**
 * An entry's head counts if it stands outside of every literal and body, and if the list has that entry, with the same class and OID. So no
 * text of a comment or a function is mistaken for one.
 */
function splitScript(
  sql: string,
  listed: ReadonlyMap<number, Listed>,
): { settings: string; pieces: { id: number; text: string; prelude: string }[] } {
  const pieces: { id: number; lines: string[] }[] = [];
  const preamble: string[] = [];
  const seen = new Set<number>();
  const starts = topLevelLines(sql);
  for (const [index, start] of starts.entries()) {
    // Up to the next line at this level: a body's lines stay together.
    const line = sql.slice(start, (starts[index + 1] ?? sql.length + 1) - 1);
    // Commands for psql, which a server would refuse.
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
