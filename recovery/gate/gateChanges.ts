import { IS_APP_SCHEMA } from "../postgres/catalog/platform.ts";
import type { Session } from "../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../postgres/session/quote.ts";
import type { GateChange, GateLevel } from "./gateRecord.ts";

/** Look up passwords for a pooler, which is our own way in; they write nothing. */
const POOLERS = ["pgbouncer"];

/** Rights to connect that are granted to anyone but the owner, superusers and ourselves. */
const CONNECT_GRANTS = `
  select r.rolname::text as role, bool_or(a.is_grantable) as grantable
    from pg_catalog.pg_database d
    cross join lateral pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
   where d.datname = current_database() and a.privilege_type = 'CONNECT' and a.grantee <> d.datdba
     and not coalesce(r.rolsuper, false) and coalesce(r.rolname, '') <> current_user group by 1 order by 1`;

/** Roles that can connect although PUBLIC can't, and whether their transactions begin read-only: superusers are out of anyone's reach. */
const WHO_CONNECTS = `
  select r.rolname::text as role, (
      select split_part(setting, '=', 2) from pg_catalog.pg_db_role_setting s cross join unnest(s.setconfig) as setting
       where s.setrole = r.oid and s.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
         and split_part(setting, '=', 1) = 'default_transaction_read_only') as "readOnly"
    from pg_catalog.pg_roles r
   where r.rolcanlogin and (not r.rolsuper or r.rolname = current_user) and r.rolname <> all ($1::text[])
     and pg_catalog.has_database_privilege(r.oid, current_database(), 'connect') order by 1`;

/** What is to be changed so that nobody else writes. Each change is to be made before the next ones are asked for. */
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
  // Who connects by PUBLIC or by a grant is told only once those are gone: ask inside of a savepoint.
  await session.query("savepoint asked");
  for (const change of connects) await applyChange(session, change);
  const left = await session.query<{ role: string; readOnly: string | null }>(WHO_CONNECTS, [POOLERS]);
  await session.query("rollback to savepoint asked");
  const readOnly = left
    .filter((one) => !isOn(one.readOnly))
    .map(({ role, readOnly: was }): GateChange => ({ kind: "read only", role, was }));
  return [...kept, ...connects, ...readOnly];
}

/** What is to be changed so that nobody but its owner reaches into a schema of the app. */
export async function usageChanges(session: Session): Promise<GateChange[]> {
  const rows = await session.query<{
    oid: number;
    privilege: "USAGE" | "CREATE";
    role: string | null;
    grantable: boolean;
  }>(
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
    const [schema] = await namesOf(session, change.oid);
    if (schema === undefined) return;
    await session.query(`revoke ${change.privilege} on schema ${schema} from ${grantee(change.role)} cascade`);
  }
}

/** Puts one change back. A clause that says why it could not be, where what it was made to is gone. */
export async function undoChange(session: Session, change: GateChange): Promise<string | undefined> {
  const database = quoteIdent(session.address.database);
  const { role } = change;
  if (role !== null && !(await hasRole(session, role))) return `the role ${role} is gone`;
  if (change.kind === "connect") {
    await session.query(
      change.had
        ? `grant connect on database ${database} to ${grantee(role)}${change.grantable ? " with grant option" : ""}`
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
    const [schema] = await namesOf(session, change.oid);
    if (schema === undefined) return undefined; // what has come in its place has its own rights
    await session.query(
      `grant ${change.privilege} on schema ${schema} to ${grantee(role)}${change.grantable ? " with grant option" : ""}`,
    );
  }
  return undefined;
}

/** How somebody could still write, in clauses; empty where the gate holds. Within the transaction that closes it. */
export async function findOpenings(session: Session, level: GateLevel): Promise<string[]> {
  const connecting = await session.query<{ role: string; readOnly: string | null }>(WHO_CONNECTS, [POOLERS]);
  const granted = await session.query<{ role: string | null }>(CONNECT_GRANTS);
  const prepared = await session.query<{ gid: string }>(
    "select gid from pg_catalog.pg_prepared_xacts where database = current_database() order by 1",
  );
  // Their workers are no sessions: no right of connecting keeps them out.
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
      .map(({ role }) => `${role ?? "everybody"} may still connect, by a grant that is not the owner's`),
    ...connecting.filter((one) => !isOn(one.readOnly)).map(({ role }) => `${role} may still connect and write`),
    ...prepared.map(({ gid }) => `the prepared transaction ${gid} is open`),
    ...subscriptions.map(
      ({ name }) =>
        `the subscription ${name} brings rows from elsewhere: "alter subscription ${name} disable" ends that`,
    ),
    ...reaching.map(({ schema, role }) => `${role} may still use schema ${schema}`),
  ];
}

function isOn(value: string | null): boolean {
  return value !== null && ["on", "true", "yes", "1"].includes(value.toLowerCase());
}

function grantee(role: string | null): string {
  return role === null ? "public" : quoteIdent(role);
}

async function hasRole(session: Session, role: string): Promise<boolean> {
  return (await session.query("select from pg_catalog.pg_roles where rolname = $1", [role])).length > 0;
}

/** The quoted name that a schema has now. */
async function namesOf(session: Session, oid: number): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    "select nspname as name from pg_catalog.pg_namespace where oid = $1",
    [oid],
  );
  return rows.map(({ name }) => quoteIdent(name));
}
