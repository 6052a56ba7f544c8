import { listExtensions, listTables } from "../../postgres/catalog/catalog.ts";
import { ALTERED, describedDifferences } from "../../postgres/catalog/compareDefinitions.ts";
import type { Session } from "../../postgres/session/database.ts";
import { tableKey, tableName } from "../../postgres/session/quote.ts";
import { broaderRights } from "../../restore/rights/broaderRights.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { type CheckLine, checks, type Finding, unless } from "./checklist.ts";

const ITEM = "All tables present with correct schema";

/** How the checklist groups definitions, by how their names begin (objects.ts). */
const GROUPS: readonly { what: string; belongs: RegExp }[] = [
  { what: "constraints", belongs: /^constraint / },
  { what: "row level security", belongs: /^(relation|policy) / },
  { what: "triggers", belongs: /^trigger / },
  { what: "grants", belongs: /^(rights on|default rights) / },
  { what: "columns, indexes, functions, views, types", belongs: /^/ },
];

/** Compares the restored database's definitions with those that the manifest records of the source. */
export async function checkDefinitions(
  session: Session,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<CheckLine[]> {
  const differences = await describedDifferences(session, manifest);
  const unvalidated = await readUnvalidated(session);
  const groupOf = (name: string) => GROUPS.findIndex(({ belongs }) => belongs.test(name));
  const compared = Map.groupBy(Object.keys(manifest.objects), groupOf);
  const groups = GROUPS.map(({ what }, at): [string, () => Finding] => {
    const clauses = differences
      .filter(({ name }) => groupOf(name) === at)
      .map(({ name, how }) =>
        unvalidated.has(name) && how === ALTERED
          ? `${name} is NOT VALID here but not in the source, or is defined differently`
          : `${name} ${how}`,
      );
    const kept =
      what === "constraints" && unvalidated.size > 0 ? `; ${unvalidated.size} not validated, as in the source` : "";
    return [what, () => unless(clauses, `${compared.get(at)?.length ?? 0} definitions are the manifest's${kept}`)];
  });
  return await checks(ITEM, signal, {
    tables: () => compareTables(session, manifest),
    ...Object.fromEntries(groups),
    ...(manifest.platformRights && { "rights on the platform's objects": () => compareRights(session, manifest) }),
    extensions: () => compareExtensions(session, manifest),
  });
}

async function compareRights(session: Session, manifest: Manifest): Promise<Finding> {
  return unless(
    await broaderRights(session, manifest),
    "no role has a right that it lacked in the source; a throwaway stands in for the platform",
  );
}

/** Constraints that were never validated, named as the digests name them. */
async function readUnvalidated(session: Session): Promise<Set<string>> {
  const rows = await session.query<{ name: string }>(
    `select format('constraint %I.%I.%I', n.nspname, c.relname, k.conname) as name from pg_catalog.pg_constraint k
       join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace where not k.convalidated`,
  );
  return new Set(rows.map(({ name }) => name));
}

async function compareTables(session: Session, manifest: Manifest): Promise<Finding> {
  const here = await listTables(session);
  const columnsOf = new Map(here.map((table) => [tableKey(table), table.allColumns]));
  const differences = manifest.tables.flatMap((table) => {
    const columns = columnsOf.get(tableKey(table));
    if (columns === undefined) return [`${tableName(table)} is missing`];
    const missing = table.columns.filter((column) => !columns.includes(column));
    return missing.map((column) => `${tableName(table)} lacks the column ${column}`);
  });
  const expected = new Set(manifest.tables.map(tableKey));
  const added = here.filter((table) => table.kind === "app" && !expected.has(tableKey(table)));
  return unless(
    [...differences, ...added.map((table) => `${tableName(table)} is not in the backup`)],
    `${manifest.tables.length} tables are there with their columns`,
  );
}

async function compareExtensions(session: Session, manifest: Manifest): Promise<Finding> {
  const found = new Map((await listExtensions(session)).map(({ name, version }) => [name, version]));
  const differences = manifest.extensions.flatMap(({ name, version }) => {
    const here = found.get(name);
    if (here === undefined) return [`${name} is missing`];
    return here === version ? [] : [`${name} is of version ${here}, the backup's is ${version}`];
  });
  const named = manifest.extensions.map(({ name, version }) => `${name} ${version}`).join(", ");
  return unless(differences, named === "" ? "the backup has none" : `as in the backup: ${named}`);
}
