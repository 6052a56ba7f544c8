import type { Memory } from "../../gate/replacement.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import { listOwnRoles } from "../../postgres/roles/rolesScript.ts";
import type { Session } from "../../postgres/session/database.ts";
import { EVERY_ROW } from "../../postgres/session/everyRow.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../../postgres/session/quote.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { lendRoles, listOwnGrants, takeBackRoles } from "../rights/lentRoles.ts";
import { TAKE_SCHEMAS_BACK } from "../rights/lentSchemas.ts";
import { dropMade, dropRelations } from "../run/restoreTarget.ts";
import { sqlFile } from "../sql/sqlFile.ts";
import { refuseDependents } from "./replaceDanger.ts";
import { ASIDE, granteeSql, putDefaultRightsBack, rememberState } from "./replaceMemory.ts";

const COPY_LARGE_OBJECTS = sqlFile("copyLargeObjects");
const CUT_OFF = sqlFile("cutOff");
const DROP_ON_MANAGED_TABLES = sqlFile("dropOnManagedTables");
const MOVE_OBJECTS = sqlFile("moveObjects");
const REVOKE_ON_MANAGED_TABLES = sqlFile("revokeOnManagedTables");

/** The schema for copies of the rows of tables that stay. */
const COPIES = `${ASIDE}rows`;
/** What sets an event trigger back to its state in pg_event_trigger.evtenabled. */
const ENABLED: Readonly<Record<string, string>> = {
  O: "enable",
  D: "disable",
  R: "enable replica",
  A: "enable always",
};
const LARGE_OBJECTS = "large_objects";
/** The comment that every server has on the schema public. A dump only contains others. */
const STANDARD = "'standard public schema'";

/**
 * Sets the present state aside, so that the database looks like a new project's. The app's schemas are renamed; out of a schema that has an
 * extension in it, the app's objects are moved instead. Large objects and rows of auth, storage and extensions are copied. The app's own
 * rows are neither read nor written. Within a transaction.
 */
export async function setAside(session: Session): Promise<Memory> {
  // Again, since sessions could make such objects until the gate was closed.
  await refuseDependents(session);
  const memory = await rememberState(session);
  await quietEventTriggers(session);
  // The last step, or the way back, revokes them.
  await lendRoles(session, memory.granted);
  await session.query(`create schema ${quoteIdent(COPIES)}; revoke all on schema ${quoteIdent(COPIES)} from public`);
  for (const { columns, condition, aside, ...table } of memory.tables) {
    const rows = `select ${columns.map(quoteIdent).join(", ")} from only ${quoteTable(table)} ${condition}`;
    await session.query(`create table ${COPIES}.${aside} as ${rows}`);
  }
  await session.query(COPY_LARGE_OBJECTS({ schema: COPIES, table: LARGE_OBJECTS }));
  for (const { kind, name, enabled } of memory.renamed) {
    // An enabled event trigger would fire on what is restored.
    if (enabled !== undefined) await session.query(`alter ${kind} ${quoteIdent(name)} disable`);
    await session.query(`alter ${kind} ${quoteIdent(name)} rename to ${quoteIdent(ASIDE + name)}`);
  }
  // A script makes both again: the backup's, or the remembered one.
  await runCommands(session, DROP_ON_MANAGED_TABLES());
  await runCommands(session, REVOKE_ON_MANAGED_TABLES());
  await putDefaultRightsBack(session, []);
  for (const { schema } of memory.comments)
    await session.query(`comment on schema ${quoteIdent(schema)} is ${schema === "public" ? STANDARD : "null"}`);
  for (const { name, aside, renamed } of memory.schemas) {
    if (renamed) await session.query(`alter schema ${quoteIdent(name)} rename to ${quoteIdent(aside)}`);
    else {
      await session.query(`create schema ${quoteIdent(aside)}; revoke all on schema ${quoteIdent(aside)} from public`);
      await session.query(MOVE_OBJECTS({ from: name, to: aside }));
    }
  }
  return memory;
}

/** Drops what was restored, except large objects, and puts back what lies aside. Within a transaction. */
export async function putBack(session: Session, memory: Memory): Promise<void> {
  await quietEventTriggers(session);
  await dropMade(session);
  await dropNewcomers(session, memory);
  for (const { name, aside, renamed } of memory.schemas) {
    if (renamed) await session.query(`alter schema ${quoteIdent(aside)} rename to ${quoteIdent(name)}`);
    else {
      await session.query(MOVE_OBJECTS({ from: aside, to: name }));
      await session.query(`drop schema ${quoteIdent(aside)}`);
    }
  }
  for (const { kind, name, enabled } of memory.renamed) {
    await session.query(`alter ${kind} ${quoteIdent(ASIDE + name)} rename to ${quoteIdent(name)}`);
    if (enabled !== undefined) await session.query(`alter ${kind} ${quoteIdent(name)} ${ENABLED[enabled] ?? "enable"}`);
  }
  await putRowsBack(session, memory);
  await putDefaultRightsBack(session, memory.defaultRights);
  await session.query(TAKE_SCHEMAS_BACK);
  for (const { schema, grantee, privilege, grantable } of memory.schemaRights) {
    const option = grantable ? " with grant option" : "";
    await session.query(`grant ${privilege} on schema ${quoteIdent(schema)} to ${granteeSql(grantee)}${option}`);
  }
  for (const { schema, comment } of memory.comments) {
    const text = comment === null ? "null" : quoteLiteral(comment);
    await session.query(`comment on schema ${quoteIdent(schema)} is ${text}`);
  }
  await runCommands(session, REVOKE_ON_MANAGED_TABLES());
  await session.query(memory.managedObjects);
  await session.query(`drop schema ${quoteIdent(COPIES)} cascade`);
}

/** Drops foreign keys from what lies aside to tables in use, whose rows could not be deleted otherwise. */
export async function cutOff(session: Session): Promise<void> {
  await runCommands(session, CUT_OFF({ aside: `${ASIDE}%` }));
}

/** Drops what lies aside, piece by piece. It can be run again. */
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

/** Runs every command that a query returns. */
async function runCommands(session: Session, query: string): Promise<void> {
  for (const { command } of await session.query<{ command: string }>(query)) await session.query(command);
}

/** Drops the extensions, schemas and roles that the restore has made. */
async function dropNewcomers(session: Session, { before }: Memory): Promise<void> {
  const newcomers = async (sql: string, known: readonly string[]) =>
    (await session.query<{ name: string }>(sql)).map(({ name }) => name).filter((name) => !known.includes(name));
  const extensions = "select extname as name from pg_catalog.pg_extension where extname <> 'plpgsql'";
  for (const name of await newcomers(extensions, before.extensions))
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
  for (const { columns, condition, aside, ...name } of tables) {
    const table = quoteTable(name);
    const list = columns.map(quoteIdent).join(", ");
    await session.query(`delete from only ${table} ${condition || EVERY_ROW}`);
    const into = list === "" ? "" : `(${list}) overriding system value`;
    await session.query(`insert into ${table} ${into} select ${list} from ${COPIES}.${aside}`);
  }
  for (const { value, ...name } of sequences)
    await session.query("select pg_catalog.setval($1::pg_catalog.regclass, $2)", [quoteTable(name), value]);
  await session.query(`select pg_catalog.lo_from_bytea(id, content) from ${COPIES}.${LARGE_OBJECTS}`);
  const grants = await session.query<{ grants: string[] }>(`select grants from ${COPIES}.${LARGE_OBJECTS}`);
  for (const grant of grants.flatMap((one) => one.grants)) await session.query(`grant ${grant}`);
}
