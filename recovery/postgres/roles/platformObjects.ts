import type { Right } from "../catalog/description.ts";
import { IS_APP_SCHEMA, MARKER_SCHEMA, PLATFORM_INSIDERS, RECOVERY_SCHEMAS } from "../catalog/platform.ts";
import type { Session } from "../session/database.ts";

/** The name that stands for the role that reads a source and for the role that restores into a target. */
export const RESTORER = "postgres";

/** An object that does not belong to the app, with its rights. */
export interface ObjectRow {
  name: string;
  on: string;
  column: string | null;
  /** What the object belongs to: an extension's name, or "" for PostgreSQL. */
  pack: string | null;
  /** Has every right without a grant. */
  owner: string;
  now: Right[];
  came: Right[];
}

const isMember = (catalog: string, oid: string) => `exists (select from pg_catalog.pg_depend m
  where m.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and m.objid = ${oid} and m.deptype = 'e')`;
/** The name of the extension that an object belongs to. */
const extensionOf = (
  catalog: string,
  oid: string,
) => `(select x.extname::text from pg_catalog.pg_depend m join pg_catalog.pg_extension x on x.oid = m.refobjid
  where m.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and m.objid = ${oid} and m.deptype = 'e')`;
const packOf = (catalog: string, oid: string) =>
  `coalesce(${extensionOf(catalog, oid)}, case when n.nspname in ('pg_catalog', 'information_schema') then '' end)`;
const OF_PLATFORM = `(not ${IS_APP_SCHEMA} and n.nspname !~ '^pg_(toast|temp)' and n.nspname <> '${MARKER_SCHEMA}' and n.nspname !~ '${RECOVERY_SCHEMAS}')`;
const NAMESPACE = "join pg_catalog.pg_namespace n on n.oid";

/** A kind of objects that do not belong to the app, as parts of a query. */
interface Kind {
  name: string;
  /** Its part of GRANT … ON …. */
  on: string;
  /** A column's name, quoted. */
  column?: string;
  catalog: string;
  oid: string;
  subid?: string;
  owner: string;
  acl: string;
  /** As acldefault() takes it. */
  kind: string;
  from: string;
  where: string;
  /** Whether its schema may be PostgreSQL's own. */
  isInSchema?: false;
}

const KINDS: readonly Kind[] = [
  {
    name: "format('schema %I', n.nspname)",
    on: "format('schema %I', n.nspname)",
    catalog: "pg_namespace",
    oid: "n.oid",
    owner: "n.nspowner",
    acl: "n.nspacl",
    kind: "'n'",
    from: "pg_catalog.pg_namespace n",
    where: OF_PLATFORM,
  },
  {
    name: "format('%s %I.%I', w.word, n.nspname, c.relname)",
    on: "format('%s %I.%I', w.word, n.nspname, c.relname)",
    catalog: "pg_class",
    oid: "c.oid",
    owner: "c.relowner",
    acl: "c.relacl",
    kind: "case c.relkind when 'S' then 's' else 'r' end",
    from: `pg_catalog.pg_class c ${NAMESPACE} = c.relnamespace cross join lateral (select case c.relkind when 'S' then 'sequence' else 'table' end) w (word)`,
    where: `c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and (${OF_PLATFORM} or ${isMember("pg_class", "c.oid")})`,
  },
  {
    name: "format('column %I.%I.%I', n.nspname, c.relname, a.attname)",
    on: "format('table %I.%I', n.nspname, c.relname)",
    column: "quote_ident(a.attname)",
    catalog: "pg_class",
    oid: "c.oid",
    subid: "a.attnum",
    owner: "c.relowner",
    acl: "a.attacl",
    kind: "null",
    from: `pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid ${NAMESPACE} = c.relnamespace`,
    where: `not a.attisdropped and (${OF_PLATFORM} or ${isMember("pg_class", "c.oid")})`,
  },
  {
    name: "'routine ' || p.oid::pg_catalog.regprocedure",
    on: "'routine ' || p.oid::pg_catalog.regprocedure",
    catalog: "pg_proc",
    oid: "p.oid",
    owner: "p.proowner",
    acl: "p.proacl",
    kind: "'f'",
    from: `pg_catalog.pg_proc p ${NAMESPACE} = p.pronamespace`,
    where: `(${OF_PLATFORM} or ${isMember("pg_proc", "p.oid")})`,
  },
  {
    name: "'type ' || t.oid::pg_catalog.regtype",
    on: "'type ' || t.oid::pg_catalog.regtype",
    catalog: "pg_type",
    oid: "t.oid",
    owner: "t.typowner",
    acl: "t.typacl",
    kind: "'T'",
    from: `pg_catalog.pg_type t ${NAMESPACE} = t.typnamespace`,
    where: `t.typelem = 0 and t.typtype in ('b', 'd', 'e', 'r') and (${OF_PLATFORM} or ${isMember("pg_type", "t.oid")})`,
  },
  {
    name: "format('foreign data wrapper %I', w.fdwname)",
    on: "format('foreign data wrapper %I', w.fdwname)",
    catalog: "pg_foreign_data_wrapper",
    oid: "w.oid",
    owner: "w.fdwowner",
    acl: "w.fdwacl",
    kind: "'F'",
    from: "pg_catalog.pg_foreign_data_wrapper w",
    where: isMember("pg_foreign_data_wrapper", "w.oid"),
    isInSchema: false,
  },
  {
    name: "format('language %I', l.lanname)",
    on: "format('language %I', l.lanname)",
    catalog: "pg_language",
    oid: "l.oid",
    owner: "l.lanowner",
    acl: "l.lanacl",
    kind: "'l'",
    from: "pg_catalog.pg_language l",
    where: isMember("pg_language", "l.oid"),
    isInSchema: false,
  },
];

/**
 * The objects of a kind: all that are named, or else those of the platform, and those of PostgreSQL and extensions whose rights were changed.
 * The condition is within each kind's own query, so that the server only makes the names of what it returns: PostgreSQL has thousands of
 * functions.
 */
function objectsOf(one: Kind, isNamed: boolean): string {
  const { name, on, column = "null", catalog, oid, subid = "0", owner, acl, kind, from, where, isInSchema } = one;
  const isOfPlatform =
    isInSchema === false
      ? "false"
      : `n.nspname not in ('pg_catalog', 'information_schema') and not ${isMember(catalog, oid)}`;
  const isOfInterest = `(${acl} is distinct from i.initprivs or ${isOfPlatform})`;
  // A column without rights of its own is as the platform has made it.
  const isChanged = column === "null" ? isOfInterest : `${acl} is not null and ${isOfInterest}`;
  const condition = isNamed ? `${name} = any ($2)` : isChanged;
  const pack = isInSchema === false ? extensionOf(catalog, oid) : packOf(catalog, oid);
  return `select ${name}, ${on}, ${column}, ${owner}, ${acl}, i.initprivs, ${kind}, ${pack}
    from ${from} left join pg_catalog.pg_init_privs i
      on i.classoid = 'pg_catalog.${catalog}'::pg_catalog.regclass and i.objoid = ${oid} and i.objsubid = ${subid}
    where ${where} and (${condition})`;
}

/**
 * Rights of PUBLIC, of the app's and the API's roles, and of the connected role. Those of the platform's other roles are left to the
 * platform.
 */
const rightsOf = (acl: string) => `(select coalesce(json_agg(json_build_object(
    'to', case when a.grantee = 0 then null when r.rolname = current_user then $1 else r.rolname end, 'may', a.privilege_type, 'grantable', a.is_grantable)), '[]')
  from pg_catalog.aclexplode(${acl}) a left join pg_catalog.pg_roles r on r.oid = a.grantee
  where a.grantee <> o.owner and (a.grantee = 0 or r.rolname = current_user or r.rolname !~ '${PLATFORM_INSIDERS}'))`;

/**
 * Every such object whose rights may matter. Objects of PostgreSQL and extensions are only included if their rights were changed or their
 * name is wanted.
 */
export async function readObjects(session: Session, wanted: readonly string[]): Promise<ObjectRow[]> {
  const changed = await readKinds(session, []);
  const there = new Set(changed.map(({ name }) => name));
  const left = wanted.filter((name) => !there.has(name));
  if (left.length === 0) return changed;
  return [...changed, ...(await readKinds(session, left))].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readKinds(session: Session, names: readonly string[]): Promise<ObjectRow[]> {
  const rows = await session.query<ObjectRow>(
    `select o.name, o.clause as on, o.col as column, o.pack, case when pg_catalog.pg_get_userbyid(o.owner) = current_user then $1 else pg_catalog.pg_get_userbyid(o.owner)::text end as owner,
       ${rightsOf("coalesce(o.acl, d.acl)")} as now, ${rightsOf("coalesce(o.initprivs, d.acl)")} as came
     from (${KINDS.map((one) => objectsOf(one, names.length > 0)).join(" union all ")}) as o (name, clause, col, owner, acl, initprivs, kind, pack)
     cross join lateral (select case when o.kind is not null then pg_catalog.acldefault(o.kind::"char", o.owner) end) as d (acl)
     order by 1`,
    names.length > 0 ? [RESTORER, names] : [RESTORER],
  );
  return rows.map((row) => ({ ...row, now: plain(row.now), came: plain(row.came) }));
}

/** Each right once, in its widest form. A right of PUBLIC is not repeated for a role, nor a right that the restoring role may grant. */
function plain(rights: readonly Right[]): Right[] {
  const all = rights.map(({ to, may, grantable }): Right => {
    return { to, may, ...(grantable === true && to !== RESTORER && { grantable }) };
  });
  return all.filter(
    (right, at) =>
      !all.some((other, index) => index !== at && covers(other, right) && (index < at || !covers(right, other))),
  );
}

/** Whether the first right includes the second. */
export function covers(one: Right, other: Right): boolean {
  if (one.may !== other.may) return false;
  if (other.grantable === true) return one.to === other.to && one.grantable === true;
  return one.to === null || one.to === other.to;
}
