import { randomBytes } from "node:crypto";

import { IS_APP_SCHEMA, PLATFORM_OWNERS } from "../../postgres/catalog/platform.ts";
import type { CopyFormat } from "../../postgres/session/copyFormat.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral, quoteTable, tableKey } from "../../postgres/session/quote.ts";

/** A table of another role than the restoring one. */
export interface TableOfOther {
  schema: string;
  name: string;
  /** The role that owns it. */
  owner: string;
  /** Whether its rows run expressions of the app: CHECKs, generated columns, domains, bounds of partitions. */
  runs: boolean;
  /** Columns whose type belongs to the app, with that type as SQL writes it. */
  casts: Readonly<Record<string, string>>;
}

/** The rows of a table as a COPY reads them. */
export interface CopiedRows {
  schema: string;
  name: string;
  columns: readonly string[];
  format: CopyFormat;
}

/** The schema in which owners have functions for a moment. recovery/postgres/catalog/platform.ts knows that it is not the app's. */
const SCHEMA = "castchat_recovery_tables_owners";

/** SQL condition on `pg_type t`: the app's, and more than a list of labels. Its values may be checked as they are read. */
const IS_OWN_TYPE = `(t.oid >= 16384 and coalesce((select e.typtype from pg_catalog.pg_type e where e.oid = t.typelem), t.typtype) <> 'e'
  and not exists (select from pg_catalog.pg_depend m
    where m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and m.objid in (t.oid, t.typelem) and m.deptype = 'e'))`;

/**
 * The app's tables of other roles than the restoring one. What an owner has put into an expression could do anything that the restoring
 * role may, so such rows are written as their owner. An index, a materialized view and ANALYZE run as the owner anyway
 * (https://www.postgresql.org/docs/release/9.3.6/). A table of the restoring role that calls another role's function is no
 * such table: in the source, too, it ran that as its owner. Nor can a restore change that PostgreSQL computes constant calls of immutable
 * functions as the role that plans a query, as each backup does.
 */
export async function listTablesOfOthers(session: Session): Promise<Map<string, TableOfOther>> {
  const tables = await session.query<TableOfOther>(
    `select n.nspname as schema, c.relname as name, o.rolname::text as owner, coalesce((
         select json_object_agg(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)) from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and ${IS_OWN_TYPE}), '{}') as casts,
         exists (select from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'c')
         or exists (select from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and (a.attgenerated <> '' or ${IS_OWN_TYPE}))
         or exists (select from pg_catalog.pg_partition_ancestors(c.oid) p (oid) join pg_catalog.pg_partitioned_table b on b.partrelid = p.oid
           where b.partexprs is not null) as runs
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_roles o on o.oid = c.relowner
       where c.relkind in ('r', 'p') and ${IS_APP_SCHEMA} and o.rolname <> current_user and not o.rolsuper and o.rolname !~ '${PLATFORM_OWNERS}'`,
  );
  return new Map(tables.map((table) => [tableKey(table), table]));
}

/** Does work during which statements can run as these roles. */
export async function withConfinement(
  session: Session,
  owners: Iterable<string>,
  work: () => Promise<void>,
): Promise<void> {
  const roles = [...new Set(owners)].map(quoteIdent).join(", ");
  if (roles !== "")
    await session.query(
      `drop schema if exists ${SCHEMA} cascade; create schema ${SCHEMA}; revoke all on schema ${SCHEMA} from public;
       grant usage, create on schema ${SCHEMA} to ${roles}`,
    );
  await work();
  if (roles !== "") await session.query(`drop schema ${SCHEMA} cascade`);
}

/**
 * A function of a role. A function with its owner's rights can neither become another role nor let one that it calls do so, as SET ROLE
 * could. Source: "Security Restrictions" in https://www.postgresql.org/docs/current/sql-set-role.html and check_role in
 * src/backend/commands/variable.c.
 */
function functionOf(owner: string, name: string, returns: string, body: string): string {
  return `create function ${name}() returns ${returns} language plpgsql security definer set search_path = '' as ${quoteLiteral(body)};
    alter function ${name}() owner to ${quoteIdent(owner)}`;
}

function newName(): string {
  return `${SCHEMA}.${quoteIdent(randomBytes(8).toString("hex"))}`;
}

/** What turns a column's text into its type, as SQL ("::shop.price"), if the type is the app's; otherwise empty. */
export function castOf(other: TableOfOther | undefined, column: string): string {
  return other !== undefined && Object.hasOwn(other.casts, column) ? `::${other.casts[column]}` : "";
}

/** SQL that runs one statement as a role, within a transaction. */
export function confinedSql(owner: string, statement: string): string {
  const name = newName();
  const body = `begin execute ${quoteLiteral(statement)}; end`;
  return `${functionOf(owner, name, "void", body)}; select ${name}(); drop function ${name}()`;
}

/** Brings a table's rows in as its owner, within a transaction. They pass a table with a trigger, which also fires for a replica's rows. */
export async function copyConfined(
  session: Session,
  other: TableOfOther,
  { columns, format, ...table }: CopiedRows,
  rows: Buffer,
): Promise<void> {
  const name = newName();
  const list = columns.map(quoteIdent).join(", ");
  const values = columns.map((column) => `new.${quoteIdent(column)}${castOf(other, column)}`);
  const insert =
    columns.length === 0
      ? `insert into ${quoteTable(table)} default values`
      : `insert into ${quoteTable(table)} (${list}) overriding system value values (${values.join(", ")})`;
  const read = columns.map((column) =>
    castOf(other, column) === "" ? quoteIdent(column) : `null::text as ${quoteIdent(column)}`,
  );
  await session.query(
    `create table ${name} as select ${read.join(", ")} from only ${quoteTable(table)} with no data;
     ${functionOf(other.owner, name, "trigger", `begin ${insert}; return null; end`)};
     create trigger rows before insert on ${name} for each row execute function ${name}();
     alter table ${name} enable always trigger rows`,
  );
  await session.copyIn(
    `copy ${name}${list === "" ? "" : ` (${list})`} from stdin${format === "binary" ? " (format binary)" : ""}`,
    rows,
    format,
  );
  await session.query(`drop table ${name}; drop function ${name}()`);
}
