import { redact } from "../../../services/common/errors.ts";
import { type DatabaseSnapshot, type Difference, type LostRows, OBJECT_KINDS, type ObjectKind } from "./types.ts";

/** Kinds with long or sensitive definitions: a difference is reported without quoting them. */
const NOT_QUOTED: ReadonlySet<ObjectKind> = new Set(["function", "view", "comment", "rule", "vault secret"]);

/** Longest quotation of a definition in a report, in characters. */
const QUOTE = 200;

/**
 * The differences between two databases in words: `before` is the expected one, `after` the actual one. Rows come first, then sequences,
 * then definitions. An empty list means equal in everything that the snapshots contain (their `leftOut` says what they don't).
 */
export function compareSnapshots(before: DatabaseSnapshot, after: DatabaseSnapshot): Difference[] {
  return [
    ...compareTables(before, after),
    ...compareSequences(before, after),
    ...OBJECT_KINDS.flatMap((kind) => compareObjects(kind, before, after)),
  ];
}

/** The detail of a check for differences: `same` if there are none, otherwise their number and the first five. */
export function differencesInWords(differences: readonly Difference[], same: string): string {
  if (differences.length === 0) return same;
  const first = differences.slice(0, 5).map(({ text }) => text);
  return `${differences.length} differences: ${first.join(" ")}`;
}

/**
 * The loss in rows: every table with fewer rows in `after` than in `before`. Only counts matter, so a deleted row and an added one cancel
 * each other out.
 */
export function lostRows(before: DatabaseSnapshot, after: DatabaseSnapshot): LostRows[] {
  return Object.entries(before.tables)
    .map(([table, content]) => ({ table, rows: content.rows - (after.tables[table]?.rows ?? 0) }))
    .filter(({ rows }) => rows > 0);
}

function compareTables(before: DatabaseSnapshot, after: DatabaseSnapshot): Difference[] {
  return differing(before.tables, after.tables, (a, b) => a.rows === b.rows && a.digest === b.digest).map(
    ({ name, a, b }) => {
      const say = (text: string): Difference => ({ kind: "table contents", name, text: `Table ${name} ${text}.` });
      if (b === undefined) return say(`is missing, with ${rows(a?.rows ?? 0)}`);
      if (a === undefined) return say(`has appeared, with ${rows(b.rows)}`);
      if (a.rows > b.rows) return say(`has ${rows(a.rows - b.rows)} fewer: ${b.rows}, not ${a.rows}`);
      if (a.rows < b.rows) return say(`has ${rows(b.rows - a.rows)} more: ${b.rows}, not ${a.rows}`);
      return say(`has as many rows as before (${a.rows}), but other values in them`);
    },
  );
}

function compareSequences(before: DatabaseSnapshot, after: DatabaseSnapshot): Difference[] {
  return differing(before.sequences, after.sequences, Object.is).map(({ name, a, b }) => ({
    kind: "sequence position",
    name,
    text: `Sequence ${name} stands at ${b ?? "nothing (it is missing)"}, not at ${a ?? "nothing (it has appeared)"}.`,
  }));
}

function compareObjects(kind: ObjectKind, before: DatabaseSnapshot, after: DatabaseSnapshot): Difference[] {
  return differing(before.objects[kind], after.objects[kind], Object.is)
    .filter(({ name, a, b }) => {
      const isOfTable =
        (b === undefined && withoutTable(name, after)) || (a === undefined && withoutTable(name, before));
      return kind !== "column" || !isOfTable;
    })
    .map(({ name, a, b }) => ({ kind, name, text: sentence(kind, name, a, b) }));
}

function sentence(kind: ObjectKind, name: string, a: string | undefined, b: string | undefined): string {
  const subject = `The ${kind === "grant" ? "rights on" : kind} ${name}`;
  const many = kind === "grant" || kind === "default privileges";
  if (b === undefined) return `${subject} ${many ? "are" : "is"} missing.`;
  if (a === undefined) return `${subject} ${many ? "have" : "has"} appeared.`;
  if (many) return `${subject} differ: ${changedRights(a, b)}.`;
  if (NOT_QUOTED.has(kind)) return `${subject} has another definition.`;
  const [from, to] = aroundDifference(a, b);
  return `${subject} is “${redact(to)}”, not “${redact(from)}”.`;
}

/** The grantees with more or fewer privileges than before. Both lists are `grantee: PRIVILEGE, …`. */
function changedRights(before: string, after: string): string {
  const [a, b] = [before.split(", "), after.split(", ")];
  const byGrantee = (rights: string[], verb: string) => {
    const held = new Map<string, string[]>();
    for (const right of rights.filter((text) => text.includes(": "))) {
      const [grantee = "", privilege = ""] = right.split(": ", 2);
      held.set(grantee, [...(held.get(grantee) ?? []), privilege]);
    }
    return [...held].map(([grantee, privileges]) => `${grantee} ${verb} ${privileges.join(", ")}`);
  };
  const [gained, lost] = [b.filter((right) => !a.includes(right)), a.filter((right) => !b.includes(right))];
  return [...byGrantee(gained, "also has"), ...byGrantee(lost, "lacks")].join("; ");
}

/** Both texts, cut to where they begin to differ, so that a long list of rights shows the relevant one. */
function aroundDifference(a: string, b: string): [string, string] {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const from = Math.max(0, start - QUOTE / 4);
  const cut = (text: string) => {
    const piece = text.slice(from, from + QUOTE);
    return `${from > 0 ? "…" : ""}${piece}${text.length > from + QUOTE ? "…" : ""}`;
  };
  return a.length <= QUOTE && b.length <= QUOTE ? [a, b] : [cut(a), cut(b)];
}

/** Whether a column's table or view still exists. A missing one is reported once, not for each of its columns. */
function withoutTable(column: string, snapshot: DatabaseSnapshot): boolean {
  const known = [snapshot.objects.table, snapshot.objects.view];
  return !known.some((names) => Object.keys(names).some((table) => column.startsWith(`${table}.`)));
}

function differing<T>(
  before: Record<string, T>,
  after: Record<string, T>,
  same: (a: T, b: T) => boolean,
): { name: string; a: T | undefined; b: T | undefined }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((name) => ({ name, a: before[name], b: after[name] }))
    .filter(({ a, b }) => a === undefined || b === undefined || !same(a, b));
}

function rows(count: number): string {
  return count === 1 ? "1 row" : `${count} rows`;
}
