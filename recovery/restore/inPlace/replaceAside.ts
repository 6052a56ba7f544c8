import type { Memory } from "../../gate/replacement.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import { listOwnRoles } from "../../postgres/roles/rolesScript.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { dropMade, dropRelations } from "../run/restoreTarget.ts";
import { sqlFile } from "../sql/sqlFile.ts";
import { ASIDE, granteeSql, putDefaultRightsBack, rememberState } from "./replaceMemory.ts";
import { lendRoles, listOwnGrants, takeBackRoles } from "./replaceRoles.ts";

const COPY_LARGE_OBJECTS = sqlFile("copyLargeObjects");
const CUT_OFF = sqlFile("cutOff");
const DROP_ON_MANAGED_TABLES = sqlFile("dropOnManagedTables");
const MOVE_OBJECTS = sqlFile("moveObjects");
const REVOKE_ON_MANAGED_TABLES = sqlFile("revokeOnManagedTables");

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
  await session.query(COPY_LARGE_OBJECTS({ schema: COPIES, table: LARGE_OBJECTS }));
  for (const { kind, name, enabled } of memory.renamed) {
    // It would act on what is restored.
    if (enabled !== undefined) await session.query(`alter ${kind} ${quoteIdent(name)} disable`);
    await session.query(`alter ${kind} ${quoteIdent(name)} rename to ${quoteIdent(ASIDE + name)}`);
  }
  // Scripts make both again: the backup's, or the one that is remembered.
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

/** Takes away what was restored, but for large objects, and puts back what lies aside. Within a transaction. */
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
  for (const { schema, grantee, privilege, grantable } of memory.schemaRights) {
    const option = grantable ? " with grant option" : "";
    await session.query(`grant ${privilege} on schema ${quoteIdent(schema)} to ${granteeSql(grantee)}${option}`);
  }
  for (const { schema, comment } of memory.comments)
    await session.query(
      `comment on schema ${quoteIdent(schema)} is ${comment === null ? "null" : quoteLiteral(comment)}`,
    );
  await runCommands(session, REVOKE_ON_MANAGED_TABLES());
  await session.query(memory.managedObjects);
  await session.query(`drop schema ${quoteIdent(COPIES)} cascade`);
}

/** Cuts what lies aside off from tables that are in use: their rows must no longer be held by references of the old ones. */
export async function cutOff(session: Session): Promise<void> {
  await runCommands(session, CUT_OFF({ aside: `${ASIDE}%` }));
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

/** Runs every command that a query returns. */
async function runCommands(session: Session, query: string): Promise<void> {
  for (const { command } of await session.query<{ command: string }>(query)) await session.query(command);
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
