import { messageOf, PromiseError, UserError } from "../../../services/common/errors.ts";
import { inOrderOfNeed } from "../../postgres/catalog/extensionOrder.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../../postgres/session/quote.ts";
import { markOf, type Throwaway } from "../../postgres/session/throwawayPostgres.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { readRoles } from "../../restore/rights/readRoles.ts";
import { restoreRoles } from "../../restore/rights/restoreRoles.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { fillManagedSchemas } from "./managedColumns.ts";
import { managedSchemasSql } from "./managedSchemas.ts";
import { makePlatformRoles, ownManagedTables, type ThrowawayLogins } from "./platformRoles.ts";
import { publishedPlatformSql, withoutOwnDefaultsSql } from "./publishedPlatform.ts";

/** A throwaway database that looks like a new Supabase project's, ready for a restore. */
export interface PreparedThrowaway extends ThrowawayLogins {
  /** What is not as in a real project, in sentences. */
  notes: string[];
}

/** Source: PostgreSQL's release notes of version 16, "Migration": https://www.postgresql.org/docs/16/release-16.html */
const SAFE_CREATEROLE_SINCE = 16;

/** Names of the backup's extensions that a server does not offer, with their versions. */
export async function listMissingExtensions(session: Session, manifest: Manifest): Promise<string[]> {
  const rows = await session.query<{ name: string }>("select name from pg_catalog.pg_available_extensions");
  const offered = new Set(rows.map(({ name }) => name));
  return manifest.extensions.filter(({ name }) => !offered.has(name)).map(({ name, version }) => `${name} ${version}`);
}

/**
 * Turns an empty database into that of a new Supabase project, as far as this backup needs it: the platform's roles, auth and
 * storage, the backup's extensions; then, as the role that restores, the app's own roles. Of the backup the administrator uses names
 * alone, quoted. What it has made before a failure goes with the throwaway.
 *
 * @param appRoles the backup's roles.sql: the roles are made here, since only so it is known which of them are the throwaway's
 */
export async function prepareThrowaway(
  throwaway: Throwaway,
  manifest: Manifest,
  appRoles: string,
  signal: AbortSignal,
): Promise<PreparedThrowaway> {
  const options = { applicationName: "castchat-recovery verify preparing", signal };
  const prepared = await withSession(throwaway.adminUrl, options, (session) =>
    inTransaction(session, async () => {
      const logins = await makePlatformRoles(session, throwaway);
      const { restorer } = logins;
      const quoted = quoteIdent(restorer);
      await session.query(publishedPlatformSql(quoted) + managedSchemasSql(quoted));
      await ownManagedTables(session, restorer);
      await giveDatabase(session, restorer);
      const notes = await fillManagedSchemas(session, manifest, quoted);
      await makeExtensions(session, manifest, restorer);
      await session.query(withoutOwnDefaultsSql(quoted));
      await lendExtensions(session, manifest, quoted);
      return { ...logins, notes };
    }),
  );
  const names = await withSession(prepared.targetUrl, options, (session) =>
    inTransaction(session, () => makeAppRoles(session, throwaway, appRoles)),
  );
  await withSession(throwaway.adminUrl, options, (session) => endMakingRoles(session, prepared.restorer, names));
  return prepared;
}

async function giveDatabase(session: Session, restorer: string): Promise<void> {
  const [row] = await session.query<{ command: string }>(
    "select format('alter database %I owner to %I', pg_catalog.current_database(), $1::text) as command",
    [restorer],
  );
  if (row !== undefined) await session.query(row.command);
}

/** By the administrator, since a plain server lets nobody else make most of them; on Supabase the platform does it. */
async function makeExtensions(session: Session, manifest: Manifest, restorer: string): Promise<void> {
  const ofTheApp = await appSchemasIn(session, manifest);
  for (const { name, version, schema } of await inOrderOfNeed(session, manifest.extensions)) {
    const [offer] = await session.query<{ same: boolean; schema: string | null }>(
      `select coalesce(bool_or(version = $2), false) as same, max(schema::text) as schema
         from pg_catalog.pg_available_extension_versions where name = $1`,
      [name, version],
    );
    // Some extensions name the schema that they are made in.
    const place = offer?.schema ?? schema;
    try {
      // The server refuses even "create if not exists" of pg_catalog, where some lie.
      const isThere = await session.query("select from pg_catalog.pg_namespace where nspname = $1", [place]);
      await session.query(
        `${isThere.length > 0 ? "" : `create schema ${quoteIdent(place)} ${ofTheApp.has(place) ? `authorization ${quoteIdent(restorer)}` : ""};`}
         create extension if not exists ${quoteIdent(name)} with schema ${quoteIdent(place)} ${offer?.same === true ? `version ${quoteLiteral(version)}` : ""} cascade`,
      );
    } catch (error) {
      throw new PromiseError(
        `the throwaway server offers the extension ${name} but can't make it (${messageOf(error)}): name a server that can by VERIFY_DATABASE_URL`,
        { cause: error },
      );
    }
  }
}

/** Schemas of the backup's extensions that the app itself has made, and owns. */
async function appSchemasIn(session: Session, manifest: Manifest): Promise<Set<string>> {
  const schemas = [...new Set(manifest.extensions.map(({ schema }) => schema))];
  const named = await session.query<{ schema: string; name: string }>(
    "select s as schema, format('rights on schema %I', s) as name from unnest($1::text[]) s",
    [schemas],
  );
  return new Set(named.filter(({ name }) => name in manifest.objects).map(({ schema }) => schema));
}

/** What extensions keep is the platform's to grant: whoever restores may write the rows that the backup holds, and the vault. */
async function lendExtensions(session: Session, manifest: Manifest, restorer: string): Promise<void> {
  const marked = [...manifest.tables, ...manifest.sequences].filter(({ kind }) => kind === "extension");
  const commands = marked.map(
    ({ schema, name }) =>
      `grant usage on schema ${quoteIdent(schema)} to ${restorer}; grant all on ${quoteTable({ schema, name })} to ${restorer}`,
  );
  if (manifest.extensions.some(({ name }) => name === "supabase_vault"))
    commands.push(
      `grant usage on schema vault to ${restorer}; grant select, delete on all tables in schema vault to ${restorer};
       grant execute on all functions in schema vault to ${restorer}`,
    );
  if (commands.length > 0) await session.query(commands.join("; "));
}

/**
 * Makes the app's own roles, as the role that restores would, and marks them. UserError where one is there already: it would be changed,
 * and could not be taken away afterwards.
 */
async function makeAppRoles(session: Session, throwaway: Throwaway, script: string): Promise<string[]> {
  const names = readRoles(script).roles.roles.map(({ name }) => name);
  const there = await session.query<{ name: string }>(
    "select rolname::text as name from pg_catalog.pg_roles where rolname = any ($1::text[]) order by 1",
    [names],
  );
  if (there.length > 0)
    throw new UserError(
      `The scratch server has roles of the backup's names already (${there.map(({ name }) => name).join(", ")}): name a server without them by VERIFY_DATABASE_URL.`,
    );
  const { settle } = await restoreRoles(session, script);
  if (settle !== "") await session.query(settle);
  const mark = quoteLiteral(markOf(throwaway.name));
  for (const name of names) await session.query(`comment on role ${quoteIdent(name)} is ${mark}`);
  return names;
}

/**
 * Before version 16 a role that makes roles may make itself a member of any, also of those that run programs: it may no longer do so once
 * functions of the backup run as it. It stays what it needs to be, an admin of the app's own roles.
 */
async function endMakingRoles(session: Session, restorer: string, names: readonly string[]): Promise<void> {
  if (session.serverMajor >= SAFE_CREATEROLE_SINCE) return;
  const to = quoteIdent(restorer);
  const grant = names.length === 0 ? "" : `grant ${names.map(quoteIdent).join(", ")} to ${to} with admin option; `;
  await session.query(`${grant}alter role ${to} nocreaterole`);
}
