import { amount } from "../../../services/common/amount.ts";
import { countContent, listSequences } from "../../postgres/catalog/catalog.ts";
import { hasRelation } from "../../postgres/catalog/heldBack.ts";
import { compareLargeObjects } from "../../postgres/catalog/largeObjects.ts";
import { findOrphans, type Orphans } from "../../postgres/catalog/orphans.ts";
import { differencesOf, planComparison, readForComparison } from "../../postgres/rows/compareTables.ts";
import type { Session } from "../../postgres/session/database.ts";
import { tableKey, tableName } from "../../postgres/session/quote.ts";
import { type Manifest, rowsOf } from "../../vault/manifest.ts";
import { recordedCounts } from "../../vault/tableContents.ts";
import { type CheckLine, checks, type Finding, fine, notHere, unless } from "./checklist.ts";

const ITEM = "Data integrity verified";

/** Compares rows and sequences with the manifest, looks for orphans, and runs the validation queries of docs/objectives.md. */
export async function checkIntegrity(session: Session, manifest: Manifest, signal: AbortSignal): Promise<CheckLine[]> {
  return await checks(ITEM, signal, {
    "rows and fingerprints": () => compareRows(session, manifest),
    sequences: () => compareSequences(session, manifest),
    "large objects": () => checkLargeObjects(session, manifest),
    references: () => lookForOrphans(session),
    "the query on pg_stat_user_tables": () => runStatisticsQuery(session, manifest),
    "counts of users, posts and applications": () => compareCounts(session, manifest),
    ...(manifest.parts.some(({ name }) => name === "vault-secrets.json") && {
      "the vault's secrets": () => checkVault(session),
    }),
    ...(manifest.files.length > 0 && {
      "files and edge functions": () =>
        notHere(
          `a throwaway has no storage service; ${manifest.files.length} were read and compared with their SHA-256`,
        ),
    }),
  });
}

async function checkVault(session: Session): Promise<Finding> {
  return (await hasRelation(session, "vault", "decrypted_secrets"))
    ? fine("the restore has compared each one with the backup's")
    : notHere("a throwaway without Supabase's vault has no place for them; they were decrypted and parsed");
}

async function compareRows(session: Session, manifest: Manifest): Promise<Finding> {
  const comparison = await planComparison(session, manifest.tables);
  await readForComparison(session, comparison);
  const rows = rowsOf(manifest);
  return unless(
    differencesOf(comparison, manifest.tables),
    `${rows} rows of ${manifest.tables.length} tables were read again: counts and fingerprints are the manifest's`,
  );
}

/** The manifest reads sequences just after its snapshot. A restored sequence must be exactly there, since no session has used it. */
async function compareSequences(session: Session, manifest: Manifest): Promise<Finding> {
  const found = new Map((await listSequences(session)).map((one) => [tableKey(one), one]));
  const differences = manifest.sequences.flatMap((sequence) => {
    const here = found.get(tableKey(sequence));
    if (here === undefined) return [`sequence ${tableName(sequence)} is missing`];
    if (here.lastValue === sequence.lastValue && (sequence.nextValue === null || here.nextValue === sequence.nextValue))
      return [];
    const standing = (at: { lastValue: string | null; nextValue: string | null }) =>
      at.lastValue ?? `unused before ${at.nextValue ?? "its first value"}`;
    return [`sequence ${tableName(sequence)} stands at ${standing(here)} instead of ${standing(sequence)}`];
  });
  return unless(differences, `${manifest.sequences.length} sequences stand as in the manifest`);
}

async function checkLargeObjects(session: Session, manifest: Manifest): Promise<Finding> {
  const { largeObjects } = manifest;
  if (largeObjects === undefined) return notHere("the backup is older than the check of large objects");
  const { count, bytes } = largeObjects;
  return unless(await compareLargeObjects(session, largeObjects), `${count} with ${bytes} bytes are the manifest's`);
}

async function lookForOrphans(session: Session): Promise<Finding> {
  const { references, orphans } = await findOrphans(session);
  const clauses = (some: readonly Orphans[]) =>
    some.map(
      ({ rows, constraint, ...table }) =>
        `${amount(rows, "row")} of ${tableName(table)} ${rows === 1 ? "violates" : "violate"} ${constraint}`,
    );
  const faults = clauses(orphans.filter(({ validated }) => validated));
  const tolerated = clauses(orphans.filter(({ validated }) => !validated));
  const kept = tolerated.length === 0 ? "" : `; not validated in the source either: ${tolerated.join("; ")}`;
  return unless(faults, `${references} foreign keys by anti-join: no row violates one${kept}`);
}

/** The validation query of docs/objectives.md. Its "tablename" is `relname` in that view. */
async function runStatisticsQuery(session: Session, manifest: Manifest): Promise<Finding> {
  const rows = await session.query<{ schemaname: string; relname: string; inserts: string }>(
    `select schemaname, relname, n_tup_ins as inserts, n_tup_upd as updates, n_tup_del as deletes
       from pg_stat_user_tables order by schemaname, relname`,
  );
  const listed = new Set(rows.map((row) => tableKey({ schema: row.schemaname, name: row.relname })));
  const missing = manifest.tables.filter((table) => table.kind === "app" && !listed.has(tableKey(table)));
  const inserts = rows.reduce((sum, row) => sum + BigInt(row.inserts), 0n);
  return unless(
    missing.map((table) => `${tableName(table)} is not in it`),
    `${rows.length} tables, ${inserts} rows inserted since the restore began`,
  );
}

async function compareCounts(session: Session, manifest: Manifest): Promise<Finding> {
  const found = await countContent(session);
  const expected = recordedCounts(manifest);
  const names = ["users", "posts", "applications"] as const;
  return unless(
    names
      .filter((name) => found[name] !== expected[name])
      .map((name) => `there are ${found[name]} ${name} instead of ${expected[name]}`),
    names.map((name) => `${found[name]} ${name}`).join(", "),
  );
}
