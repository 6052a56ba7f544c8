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
  /** What differs from a real project, in sentences. */
  notes: string[];
}

/** Source: PostgreSQL's release notes of version 16, "Migration": https://www.postgresql.org/docs/16/release-16.html */
const SAFE_CREATEROLE_SINCE = 16;

/** The backup's extensions that a server does not offer, with their versions. */
export async function listMissingExtensions(session: Session, manifest: Manifest): Promise<string[]> {
  const rows = await session.query<{ name: string }>("select name from pg_catalog.pg_available_extensions");
  const offered = new Set(rows.map(({ name }) => name));
  return manifest.extensions.filter(({ name }) => !offered.has(name)).map(({ name, version }) => `${name} ${version}`);
}

/**
 * Turns an empty database into that of a new Supabase project, as far as this backup needs it: the platform's roles, auth and storage, the
 * backup's extensions, and then, as the role that restores, the app's roles. The administrator uses only quoted names of the backup. What
 * was created before a failure is removed with the throwaway.
 *
 * @param appRoles the backup's roles.sql: the roles are created here, so that they can be marked as the throwaway's
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
      await session.query(`alter database ${quoteIdent(session.address.database)} owner to ${quoted}`);
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

/** Runs as the administrator, since a plain server lets only superusers create most extensions. On Supabase the platform creates them. */
async function makeExtensions(session: Session, manifest: Manifest, restorer: string): Promise<void> {
  const ofTheApp = await appSchemasIn(session, manifest);
  for (const { name, version, schema } of await inOrderOfNeed(session, manifest.extensions)) {
    const [offer] = await session.query<{ same: boolean; schema: string | null }>(
      `select coalesce(bool_or(version = $2), false) as same, max(schema::text) as schema
         from pg_catalog.pg_available_extension_versions where name = $1`,
      [name, version],
    );
    // Some extensions have a fixed schema.
    const place = offer?.schema ?? schema;
    try {
      // Some extensions lie in pg_catalog, for which the server refuses even "create schema if not exists".
      const isThere = await session.query("select from pg_catalog.pg_namespace where nspname = $1", [place]);
      await session.query(
        `${isThere.length > 0 ? "" : `create schema ${quoteIdent(place)} ${ofTheApp.has(place) ? `authorization ${quoteIdent(restorer)}` : ""};`}
         create extension if not exists ${quoteIdent(name)} with schema ${quoteIdent(place)} ${offer?.same === true ? `version ${quoteLiteral(version)}` : ""} cascade`,
      );
    } catch (error) {
      throw new PromiseError(
        `the throwaway server offers the extension ${name} but can't create it (${messageOf(error)}); set VERIFY_DATABASE_URL to a server that can`,
        { cause: error },
      );
    }
  }
}

/** Schemas of the backup's extensions that the app created and owns. */
async function appSchemasIn(session: Session, manifest: Manifest): Promise<Set<string>> {
  const schemas = [...new Set(manifest.extensions.map(({ schema }) => schema))];
  const named = await session.query<{ schema: string; name: string }>(
    "select s as schema, format('rights on schema %I', s) as name from unnest($1::text[]) s",
    [schemas],
  );
  return new Set(named.filter(({ name }) => name in manifest.objects).map(({ schema }) => schema));
}

/**
 * Grants what the platform grants on extensions: the role that restores may write the rows that the backup holds, and the vault's, and make
 * servers of foreign data wrappers. Supabase makes it those wrappers' owner (postgresql_extension_custom_scripts/postgres_fdw/after-create.sql
 * in https://github.com/supabase/postgres).
 */
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
  const wrappers = await session.query<{ name: string }>(
    "select fdwname as name from pg_catalog.pg_foreign_data_wrapper",
  );
  for (const { name } of wrappers)
    commands.push(`grant usage on foreign data wrapper ${quoteIdent(name)} to ${restorer} with grant option`);
  if (commands.length > 0) await session.query(commands.join("; "));
}

/**
 * Creates the app's roles, as the role that restores would, and marks them.
 *
 * @throws UserError if one of them already exists: it would be changed, and could not be removed afterwards
 */
async function makeAppRoles(session: Session, throwaway: Throwaway, script: string): Promise<string[]> {
  const names = readRoles(script).roles.roles.map(({ name }) => name);
  const there = await session.query<{ name: string }>(
    "select rolname::text as name from pg_catalog.pg_roles where rolname = any ($1::text[]) order by 1",
    [names],
  );
  if (there.length > 0)
    throw new UserError(
      `The scratch server already has roles with names of the backup's roles (${there.map(({ name }) => name).join(", ")}). Set VERIFY_DATABASE_URL to a server without them.`,
    );
  const { settle } = await restoreRoles(session, script);
  if (settle !== "") await session.query(settle);
  const mark = quoteLiteral(markOf(throwaway.name));
  for (const name of names) await session.query(`comment on role ${quoteIdent(name)} is ${mark}`);
  return names;
}

/**
 * Before version 16, a role that creates roles may make itself a member of any role, also of those that run programs. It must not be able
 * to do so when functions of the backup run as it. It stays an admin of the app's roles, which it needs.
 */
async function endMakingRoles(session: Session, restorer: string, names: readonly string[]): Promise<void> {
  if (session.serverMajor >= SAFE_CREATEROLE_SINCE) return;
  const to = quoteIdent(restorer);
  const grant = names.length === 0 ? "" : `grant ${names.map(quoteIdent).join(", ")} to ${to} with admin option; `;
  await session.query(`${grant}alter role ${to} nocreaterole`);
}
