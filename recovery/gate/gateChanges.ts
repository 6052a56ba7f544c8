import { IS_APP_SCHEMA } from "../postgres/catalog/platform.ts";
import type { Session } from "../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../postgres/session/quote.ts";
import type { GateChange, GateLevel } from "./gateRecord.ts";

/** Look up passwords for a pooler, through which our own sessions come; they write nothing. */
const POOLERS = ["pgbouncer"];

/** Rights to connect that any other role than the owner, a superuser and our own has. */
const CONNECT_GRANTS = `
  select r.rolname::text as role, bool_or(a.is_grantable) as grantable
    from pg_catalog.pg_database d
    cross join lateral pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
   where d.datname = current_database() and a.privilege_type = 'CONNECT' and a.grantee <> d.datdba
     and not coalesce(r.rolsuper, false) and coalesce(r.rolname, '') <> current_user group by 1 order by 1`;

/** Roles that can connect without PUBLIC's right and whose transactions do not begin read-only. Superusers can't be kept out. */
const WRITERS = `
  select r.rolname::text as role, d.was
    from pg_catalog.pg_roles r
    left join lateral (
      select split_part(setting, '=', 2) as was from pg_catalog.pg_db_role_setting s cross join unnest(s.setconfig) as setting
       where s.setrole = r.oid and s.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
         and split_part(setting, '=', 1) = 'default_transaction_read_only') d on true
   where r.rolcanlogin and (not r.rolsuper or r.rolname = current_user) and r.rolname <> all ($1::text[])
     and lower(coalesce(d.was, 'off')) not in ('on', 'true', 'yes', '1')
     and pg_catalog.has_database_privilege(r.oid, current_database(), 'connect') order by 1`;

/** What is to be changed so that no other session writes. Make each change before you ask for the next ones. */
export async function closingChanges(session: Session): Promise<GateChange[]> {
  const grants = await session.query<{ role: string | null; grantable: boolean }>(CONNECT_GRANTS);
  const connects = grants
    .filter(({ role }) => role === null || !POOLERS.includes(role))
    .map(({ role, grantable }): GateChange => ({ kind: "connect", role, had: true, grantable }));
  const poolers = await session.query<{ role: string }>(
    "select rolname::text as role from pg_catalog.pg_roles where rolname = any ($1::text[])",
    [POOLERS],
  );
  const kept = poolers
    .filter(({ role }) => !grants.some((grant) => grant.role === role))
    .map(({ role }): GateChange => ({ kind: "connect", role, had: false, grantable: false }));
  // Which roles connect by another right shows only once PUBLIC's and the grants are gone: ask inside of a savepoint.
  await session.query("savepoint asked");
  for (const change of connects) await applyChange(session, change);
  const writers = await session.query<{ role: string; was: string | null }>(WRITERS, [POOLERS]);
  await session.query("rollback to savepoint asked");
  return [...kept, ...connects, ...writers.map((one): GateChange => ({ kind: "read only", ...one }))];
}

/** What is to be changed so that only its owner reaches into a schema of the app. */
export async function usageChanges(session: Session): Promise<GateChange[]> {
  const rows = await session.query<Omit<GateChange & { kind: "schema" }, "kind">>(
    `select n.oid, a.privilege_type as privilege, r.rolname::text as role, bool_or(a.is_grantable) as grantable
       from pg_catalog.pg_namespace n
       cross join lateral pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
       left join pg_catalog.pg_roles r on r.oid = a.grantee
      where ${IS_APP_SCHEMA} and a.grantee <> n.nspowner and coalesce(r.rolname, '') <> current_user group by 1, 2, 3 order by 1, 2, 3`,
  );
  return rows.map((row) => ({ kind: "schema", ...row }));
}

/** Makes one change. */
export async function applyChange(session: Session, change: GateChange): Promise<void> {
  const database = quoteIdent(session.address.database);
  if (change.kind === "connect") {
    await session.query(
      change.had
        ? `revoke connect on database ${database} from ${grantee(change.role)} cascade`
        : `grant connect on database ${database} to ${grantee(change.role)}`,
    );
  } else if (change.kind === "read only") {
    await session.query(
      `alter role ${quoteIdent(change.role)} in database ${database} set default_transaction_read_only = on`,
    );
  } else {
    const schema = await schemaName(session, change.oid);
    if (schema === undefined) return;
    await session.query(`revoke ${change.privilege} on schema ${schema} from ${grantee(change.role)} cascade`);
  }
}

/** Puts one change back. If its role is gone, a clause says so. */
export async function undoChange(session: Session, change: GateChange): Promise<string | undefined> {
  const database = quoteIdent(session.address.database);
  const { role } = change;
  if (role !== null && !(await hasRole(session, role))) return `the role ${role} is gone`;
  const option = "grantable" in change && change.grantable ? " with grant option" : "";
  if (change.kind === "connect") {
    await session.query(
      change.had
        ? `grant connect on database ${database} to ${grantee(role)}${option}`
        : `revoke connect on database ${database} from ${grantee(role)}`,
    );
  } else if (change.kind === "read only") {
    const own = `alter role ${quoteIdent(change.role)} in database ${database}`;
    await session.query(
      change.was === null
        ? `${own} reset default_transaction_read_only`
        : `${own} set default_transaction_read_only = ${quoteLiteral(change.was)}`,
    );
  } else {
    const schema = await schemaName(session, change.oid);
    if (schema === undefined) return undefined; // a schema that was put in its place has its own rights
    await session.query(`grant ${change.privilege} on schema ${schema} to ${grantee(role)}${option}`);
  }
  return undefined;
}

/** How other sessions could still write, in clauses; empty if the gate holds. Within the transaction that closes it. */
export async function findOpenings(session: Session, level: GateLevel): Promise<string[]> {
  const writers = await session.query<{ role: string }>(WRITERS, [POOLERS]);
  const granted = await session.query<{ role: string | null }>(CONNECT_GRANTS);
  const prepared = await session.query<{ gid: string }>(
    "select gid from pg_catalog.pg_prepared_xacts where database = current_database() order by 1",
  );
  // Their workers are not sessions: no right to connect keeps them out.
  const subscriptions = await session.query<{ name: string }>(
    `select format('%I', subname) as name from pg_catalog.pg_subscription
      where subenabled and subdbid = (select oid from pg_catalog.pg_database where datname = current_database()) order by 1`,
  );
  const reaching =
    level === "writes"
      ? []
      : await session.query<{ schema: string; role: string }>(
          `select n.nspname as schema, r.rolname as role from pg_catalog.pg_namespace n cross join pg_catalog.pg_roles r
            where ${IS_APP_SCHEMA} and r.rolname in ('anon', 'authenticated', 'service_role') and not r.rolsuper
              and pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage') order by 1, 2`,
        );
  return [
    ...granted
      .filter(({ role }) => role === null || !POOLERS.includes(role))
      .map(({ role }) => `${role ?? "every role"} may still connect, by a grant that only its grantor can revoke`),
    ...writers.map(
      ({ role }) => `${role} may still connect and write (\`alter role ${quoteIdent(role)} nologin\` stops that)`,
    ),
    ...prepared.map(
      ({ gid }) => `the prepared transaction ${gid} is open (\`commit prepared\` or \`rollback prepared\` ends it)`,
    ),
    ...subscriptions.map(
      ({ name }) => `the subscription ${name} brings rows (\`alter subscription ${name} disable\` stops that)`,
    ),
    ...reaching.map(({ schema, role }) => `${role} may still use schema ${schema}, by a grant of its owner`),
  ];
}

function grantee(role: string | null): string {
  return role === null ? "public" : quoteIdent(role);
}

async function hasRole(session: Session, role: string): Promise<boolean> {
  return (await session.query("select from pg_catalog.pg_roles where rolname = $1", [role])).length > 0;
}

/** The quoted name that a schema has now. Undefined if it is gone. */
async function schemaName(session: Session, oid: number): Promise<string | undefined> {
  const query = "select nspname as name from pg_catalog.pg_namespace where oid = $1";
  const [row] = await session.query<{ name: string }>(query, [oid]);
  return row && quoteIdent(row.name);
}
