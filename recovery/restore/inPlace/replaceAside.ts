import type { Memory } from "../../gate/replacement.ts";
import {
  IS_APP_SCHEMA,
  IS_MANAGED_DATA_SCHEMA,
  IS_POLICY_ON_MANAGED_TABLE,
  PLATFORM_ROLES,
} from "../../postgres/catalog/platform.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import { listOwnRoles } from "../../postgres/roles/rolesScript.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { dropMade, dropRelations } from "../run/restoreTarget.ts";
import { ASIDE, granteeSql, putDefaultRightsBack, rememberState } from "./replaceMemory.ts";
import { lendRoles, listOwnGrants, takeBackRoles } from "./replaceRoles.ts";

/** Where rows are copied whose tables stay. */
const COPIES = `${ASIDE}rows`;
/** How an event trigger is as the catalog says it (pg_event_trigger.evtenabled). */
const ENABLED: Readonly<Record<string, string>> = {
  O: "enable",
  D: "disable",
  R: "enable replica",
  A: "enable always",
};
const LARGE_OBJECTS = "large_objects";
/** What every server says of the schema public; a dump mentions only other words. */
const STANDARD = "'standard public schema'";

/**
 * Sets the present state aside, so that the database looks like a new project's: schemas of the app are renamed (where an extension
 * lives in one, what the app has in it is moved instead), rows of auth, storage and extensions and large objects are copied.
 * Within a transaction. Nothing is read or written of the app's own rows.
 */
export async function setAside(session: Session): Promise<Memory> {
  const memory = await rememberState(session);
  await quietEventTriggers(session);
  // The last step, or the way back, takes them back.
  await lendRoles(session, memory.granted);
  await session.query(`create schema ${quoteIdent(COPIES)}; revoke all on schema ${quoteIdent(COPIES)} from public`);
  for (const { schema, name, columns, condition, aside } of memory.tables) {
    const list = columns.map(quoteIdent).join(", ");
    await session.query(
      `create table ${COPIES}.${aside} as select ${list} from only ${quoteIdent(schema)}.${quoteIdent(name)} ${condition}`,
    );
  }
  await session.query(
    `create table ${COPIES}.${LARGE_OBJECTS} as select m.oid as id, pg_catalog.lo_get(m.oid) as content,
       array(select format('%s on large object %s to %s', a.privilege_type, m.oid, coalesce(quote_ident(r.rolname), 'public'))
         from pg_catalog.aclexplode(m.lomacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee where a.grantee <> m.lomowner) as grants
     from pg_catalog.pg_largeobject_metadata m`,
  );
  for (const { kind, name, enabled } of memory.renamed) {
    // It would act on what is restored.
    if (enabled !== undefined) await session.query(`alter ${kind} ${quoteIdent(name)} disable`);
    await session.query(`alter ${kind} ${quoteIdent(name)} rename to ${quoteIdent(ASIDE + name)}`);
  }
  await dropOnManagedTables(session);
  await revokeOnManagedTables(session);
  await putDefaultRightsBack(session, []);
  for (const { schema } of memory.comments)
    await session.query(`comment on schema ${quoteIdent(schema)} is ${schema === "public" ? STANDARD : "null"}`);
  for (const { name, aside, renamed } of memory.schemas) {
    if (renamed) await session.query(`alter schema ${quoteIdent(name)} rename to ${quoteIdent(aside)}`);
    else {
      await session.query(`create schema ${quoteIdent(aside)}; revoke all on schema ${quoteIdent(aside)} from public`);
      await moveObjects(session, name, aside);
    }
  }
  return memory;
}

/** Takes away what was restored, but for large objects, and puts back what lies aside. Within a transaction. */
export async function putBack(session: Session, memory: Memory): Promise<void> {
  await quietEventTriggers(session);
  await dropMade(session);
  await dropNewcomers(session, memory);
  for (const { name, aside, renamed } of memory.schemas) {
    if (renamed) await session.query(`alter schema ${quoteIdent(aside)} rename to ${quoteIdent(name)}`);
    else {
      await moveObjects(session, aside, name);
      await session.query(`drop schema ${quoteIdent(aside)}`);
    }
  }
  for (const { kind, name, enabled } of memory.renamed) {
    await session.query(`alter ${kind} ${quoteIdent(ASIDE + name)} rename to ${quoteIdent(name)}`);
    if (enabled !== undefined) await session.query(`alter ${kind} ${quoteIdent(name)} ${ENABLED[enabled] ?? "enable"}`);
  }
  await putRowsBack(session, memory);
  await putDefaultRightsBack(session, memory.defaultRights);
  for (const { schema, grantee, privilege, grantable } of memory.schemaRights) {
    const option = grantable ? " with grant option" : "";
    await session.query(`grant ${privilege} on schema ${quoteIdent(schema)} to ${granteeSql(grantee)}${option}`);
  }
  for (const { schema, comment } of memory.comments)
    await session.query(
      `comment on schema ${quoteIdent(schema)} is ${comment === null ? "null" : quoteLiteral(comment)}`,
    );
  await revokeOnManagedTables(session);
  await session.query(memory.managedObjects);
  await session.query(`drop schema ${quoteIdent(COPIES)} cascade`);
}

/** Cuts what lies aside off from tables that are in use: their rows must no longer be held by references of the old ones. */
export async function cutOff(session: Session): Promise<void> {
  const commands = await session.query<{ command: string }>(
    `select format('alter table %s drop constraint %I', k.conrelid::pg_catalog.regclass, k.conname) as command
     from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_class p on p.oid = k.confrelid join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
     where k.contype = 'f' and k.conparentid = 0 and n.nspname like '${ASIDE}%' and pn.nspname not like '${ASIDE}%'`,
  );
  for (const { command } of commands) await session.query(command);
}

/** Drops what lies aside, piece by piece. Can be run again. */
export async function dropAside(session: Session): Promise<void> {
  const find = (kind: string, catalog: string, name: string) =>
    `select '${kind}' as kind, ${name}::text as name from pg_catalog.${catalog} where ${name} like '${ASIDE}%'`;
  const found = await session.query<{ kind: string; name: string }>(
    [
      find("publication", "pg_publication", "pubname"),
      find("event trigger", "pg_event_trigger", "evtname"),
      find("server", "pg_foreign_server", "srvname"),
      find("foreign data wrapper", "pg_foreign_data_wrapper", "fdwname"),
      find("schema", "pg_namespace", "nspname"),
    ].join(" union all "),
  );
  const asOwner = (drop: () => Promise<unknown>) =>
    inTransaction(session, async () => {
      await quietEventTriggers(session);
      const granted = await listOwnGrants(session);
      await lendRoles(session, granted);
      await drop();
      await takeBackRoles(session, granted);
    });
  for (const { kind, name } of found) {
    if (kind === "schema") await dropRelations(session, `n.nspname = ${quoteLiteral(name)}`, asOwner);
    await asOwner(() => session.query(`drop ${kind} if exists ${quoteIdent(name)} cascade`));
  }
}

/** What the app has put on tables that aren't its own: it is made again by a script, of the backup's or of the memory's. */
async function dropOnManagedTables(session: Session): Promise<void> {
  const commands = await session.query<{ command: string }>(
    `select format('drop trigger %I on %I.%I', t.tgname, n.nspname, c.relname) as command
       from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where not t.tgisinternal and ${IS_MANAGED_DATA_SCHEMA} and exists (
         select from pg_catalog.pg_proc f join pg_catalog.pg_namespace n on n.oid = f.pronamespace where f.oid = t.tgfoid and ${IS_APP_SCHEMA})
     union all
     select format('drop policy %I on %I.%I', p.policyname, p.schemaname, p.tablename)
       from pg_catalog.pg_policies p where ${IS_POLICY_ON_MANAGED_TABLE}`,
  );
  for (const { command } of commands) await session.query(command);
}

/** Rights of the app's own roles on tables that aren't the app's: they are granted again by the same scripts. */
async function revokeOnManagedTables(session: Session): Promise<void> {
  const commands = await session.query<{ command: string }>(
    `select distinct format('revoke all on %I.%I from %I', n.nspname, c.relname, r.rolname) as command
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       cross join pg_catalog.aclexplode(c.relacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
       where c.relkind in ('r', 'p', 'v', 'm') and ${IS_MANAGED_DATA_SCHEMA} and r.rolname !~ '${PLATFORM_ROLES}'
     union all
     select distinct format('revoke usage on schema %I from %I', n.nspname, r.rolname)
       from pg_catalog.pg_namespace n cross join pg_catalog.aclexplode(n.nspacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
       where ${IS_MANAGED_DATA_SCHEMA} and a.privilege_type = 'USAGE' and r.rolname !~ '${PLATFORM_ROLES}'`,
  );
  for (const { command } of commands) await session.query(command);
}

/** Extensions, schemas and roles that the restore has made. */
async function dropNewcomers(session: Session, { before }: Memory): Promise<void> {
  const newcomers = async (sql: string, known: readonly string[]) =>
    (await session.query<{ name: string }>(sql)).map(({ name }) => name).filter((name) => !known.includes(name));
  for (const name of await newcomers(
    "select extname as name from pg_catalog.pg_extension where extname <> 'plpgsql'",
    before.extensions,
  ))
    await session.query(`drop extension ${quoteIdent(name)} cascade`);
  const schemas = `select nspname as name from pg_catalog.pg_namespace where nspname !~ '^(pg_|castchat_)'`;
  for (const name of await newcomers(schemas, before.schemas))
    await session.query(`drop schema ${quoteIdent(name)} cascade`);
  for (const name of (await listOwnRoles(session)).filter((role) => !before.roles.includes(role))) {
    const role = quoteIdent(name);
    await session.query(`grant ${role} to current_user; drop owned by ${role}; drop role ${role}`);
  }
}

async function putRowsBack(session: Session, { tables, sequences }: Memory): Promise<void> {
  await session.query("set local session_replication_role = replica");
  for (const { schema, name, columns, condition, aside } of tables) {
    const table = `${quoteIdent(schema)}.${quoteIdent(name)}`;
    const list = columns.map(quoteIdent).join(", ");
    await session.query(`delete from only ${table} ${condition}`);
    const into = list === "" ? "" : `(${list}) overriding system value`;
    await session.query(`insert into ${table} ${into} select ${list} from ${COPIES}.${aside}`);
  }
  for (const { schema, name, value } of sequences)
    await session.query("select pg_catalog.setval(format('%I.%I', $1::text, $2::text)::pg_catalog.regclass, $3)", [
      schema,
      name,
      value,
    ]);
  await session.query(`select pg_catalog.lo_from_bytea(id, content) from ${COPIES}.${LARGE_OBJECTS}`);
  const grants = await session.query<{ grants: string[] }>(`select grants from ${COPIES}.${LARGE_OBJECTS}`);
  for (const grant of grants.flatMap((one) => one.grants)) await session.query(`grant ${grant}`);
}

/**
 * Moves all that no extension has made from one schema to another: tables and views first, since indexes, sequences and types of
 * theirs go along.
 */
async function moveObjects(session: Session, from: string, to: string): Promise<void> {
  await session.query(`
    do $move$
    declare
      object record;
    begin
      for pass in 1..2 loop
        for object in
          select d.classid, d.objid from pg_catalog.pg_depend d
          where d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
            and d.refobjid = (select oid from pg_catalog.pg_namespace where nspname = ${quoteLiteral(from)}) and d.deptype = 'n' and d.objsubid = 0
            and not exists (select from pg_catalog.pg_depend m where m.classid = d.classid and m.objid = d.objid and m.objsubid = 0
              and m.deptype in ('e', 'i'))
            and (pass = 2 or d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
        loop
          -- Moved meanwhile, with the table that it belongs to.
          continue when (pg_catalog.pg_identify_object(object.classid, object.objid, 0)).schema is distinct from quote_ident(${quoteLiteral(from)});
          -- A sequence goes with the column that owns it.
          continue when pass = 1 and exists (select from pg_catalog.pg_depend o join pg_catalog.pg_class s on s.oid = o.objid and s.relkind = 'S'
            where o.classid = object.classid and o.objid = object.objid and o.deptype = 'a');
          execute (select format('alter %s %s set schema %I',
              case o.type when 'statistics object' then 'statistics' when 'composite type' then 'type'
                when 'function' then 'routine' when 'procedure' then 'routine' when 'aggregate' then 'routine' else o.type end,
              case when object.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass then object.objid::pg_catalog.regprocedure::text else o.identity end,
              ${quoteLiteral(to)})
            from pg_catalog.pg_identify_object(object.classid, object.objid, 0) o);
        end loop;
      end loop;
    end $move$`);
}
