import type { Grant, Memory } from "../../gate/replacement.ts";
import { listExtensions, listSequences, listTables } from "../../postgres/catalog/catalog.ts";
import { HAS_MEMBERS, IS_APP_SCHEMA } from "../../postgres/catalog/platform.ts";
import { managedObjectsScript } from "../../postgres/roles/managedObjectsScript.ts";
import { listOwnRoles } from "../../postgres/roles/rolesScript.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";
import { listOwnGrants } from "../rights/lentRoles.ts";
import { sqlFile } from "../sql/sqlFile.ts";

const DEFAULT_RIGHTS = sqlFile("defaultRights");
const OBJECTS_TO_RENAME = sqlFile("objectsToRename");

type DefaultRights = Memory["defaultRights"][number];

/** Prefix of the names of all that lies aside. recovery/postgres/catalog/platform.ts knows that it is not the app's. */
export const ASIDE = "castchat_aside_";

/** Reads all that is needed to put the present state back. Within the transaction that sets it aside. */
export async function rememberState(session: Session): Promise<Memory> {
  const schemas = await session.query<{ name: string; kept: boolean; comment: string | null }>(
    `select n.nspname as name, pg_catalog.obj_description(n.oid, 'pg_namespace') as comment, n.nspname = 'public' or ${HAS_MEMBERS} as kept
     from pg_catalog.pg_namespace n where ${IS_APP_SCHEMA} order by 1`,
  );
  const kept = schemas.filter((schema) => schema.kept);
  const tables = (await listTables(session)).filter(({ kind }) => kind !== "app");
  const sequences = (await listSequences(session)).filter(
    ({ kind, lastValue }) => kind !== "app" && lastValue !== null,
  );
  const renamed = await session.query<{ kind: string; name: string; enabled: string | null }>(OBJECTS_TO_RENAME());
  const names = async (sql: string) => (await session.query<{ name: string }>(sql)).map(({ name }) => name);
  return {
    schemas: schemas.map(({ name, kept: stays }, at) => ({ name, aside: `${ASIDE}${at}`, renamed: !stays })),
    tables: tables.map(({ schema, name, columns, condition }, at) => ({
      schema,
      name,
      columns,
      condition,
      aside: `t${at}`,
    })),
    sequences: sequences.map(({ schema, name, lastValue }) => ({ schema, name, value: lastValue ?? "" })),
    renamed: renamed.map((one) => ({ ...one, enabled: one.enabled ?? undefined })),
    managedObjects: await managedObjectsScript(session),
    defaultRights: await session.query<DefaultRights>(DEFAULT_RIGHTS()),
    schemaRights: await session.query<Grant & { schema: string }>(
      `select n.nspname as schema, r.rolname as grantee, a.privilege_type as privilege, a.is_grantable as grantable
       from pg_catalog.pg_namespace n cross join pg_catalog.aclexplode(n.nspacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee
       where n.nspname = any ($1::text[]) and a.grantee <> n.nspowner order by 1, 2, 3`,
      [kept.map(({ name }) => name)],
    ),
    comments: kept.map(({ name, comment }) => ({ schema: name, comment })),
    before: {
      schemas: await names("select nspname as name from pg_catalog.pg_namespace"),
      extensions: (await listExtensions(session)).map(({ name }) => name),
      roles: await listOwnRoles(session),
    },
    granted: await listOwnGrants(session),
  };
}

const KINDS: Readonly<Record<string, string>> = {
  r: "tables",
  S: "sequences",
  f: "functions",
  T: "types",
  n: "schemas",
  L: "large objects",
};

/** Sets default privileges back to these. Within a transaction. */
export async function putDefaultRightsBack(session: Session, wanted: readonly DefaultRights[]): Promise<void> {
  const key = ({ role, schema, kind }: DefaultRights) => JSON.stringify([role, schema, kind]);
  const there = new Map((await session.query<DefaultRights>(DEFAULT_RIGHTS())).map((one) => [key(one), one]));
  for (const one of wanted) if (!there.has(key(one))) there.set(key(one), { ...one, grants: [] });
  const was = new Map(wanted.map((one) => [key(one), one.grants]));
  for (const [name, one] of there) {
    const { role, schema, kind } = one;
    const builtIn = schema === null ? await builtInRights(session, role, kind) : [];
    const where = schema === null ? "" : ` in schema ${quoteIdent(schema)}`;
    const change = `alter default privileges for role ${quoteIdent(role)}${where}`;
    const grantees = new Set([...one.grants, ...builtIn].map(({ grantee }) => granteeSql(grantee)));
    for (const grantee of grantees)
      await session.query(`${change} revoke all on ${KINDS[kind] ?? kind} from ${grantee}`);
    for (const { grantee, privilege, grantable } of was.get(name) ?? builtIn) {
      const option = grantable ? " with grant option" : "";
      await session.query(`${change} grant ${privilege} on ${KINDS[kind] ?? kind} to ${granteeSql(grantee)}${option}`);
    }
  }
}

/** What PostgreSQL grants if no default privileges are set. */
async function builtInRights(session: Session, role: string, kind: string): Promise<Grant[]> {
  return await session.query<Grant>(
    `select r.rolname as grantee, a.privilege_type as privilege, false as grantable
     from pg_catalog.aclexplode(pg_catalog.acldefault(${quoteLiteral(kind === "S" ? "s" : kind)}::"char", (select oid from pg_catalog.pg_roles where rolname = $1))) a
     left join pg_catalog.pg_roles r on r.oid = a.grantee`,
    [role],
  );
}

/** A grantee as SQL names it. */
export function granteeSql(grantee: string | null): string {
  return grantee === null ? "public" : quoteIdent(grantee);
}
