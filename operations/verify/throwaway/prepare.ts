import { withSession } from "../../../clients/database.ts";
import type { Session } from "../../../clients/database.ts";
import { PromiseError, UserError, messageOf } from "../../../clients/errors.ts";
import { markOf } from "../../../clients/throwawayPostgres.ts";
import type { Throwaway } from "../../../clients/throwawayPostgres.ts";
import { inTransaction } from "../../../clients/transaction.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { inOrderOfNeed } from "../../database/extensionOrder.ts";
import { PLATFORM_ROLES } from "../../database/platform.ts";
import { quoteIdent, quoteLiteral } from "../../database/quote.ts";
import { fillManagedSchemas } from "./managedColumns.ts";
import { managedSchemasSql } from "./managedSchemas.ts";
import { makePlatformRoles } from "./platformRoles.ts";
import type { ThrowawayLogins } from "./platformRoles.ts";
import { publishedPlatformSql, withoutOwnDefaultsSql } from "./publishedPlatform.ts";

/** A throwaway database that looks like a new Supabase project's, ready for a restore. */
export interface PreparedThrowaway extends ThrowawayLogins {
  /** What is not as in a real project, in sentences. */
  notes: string[];
}

/** Names of the backup's extensions that a server does not offer, with their versions. */
export async function listMissingExtensions(session: Session, manifest: Manifest): Promise<string[]> {
  const rows = await session.query<{ name: string }>("select name from pg_catalog.pg_available_extensions");
  const offered = new Set(rows.map(({ name }) => name));
  return manifest.extensions.filter(({ name }) => !offered.has(name)).map(({ name, version }) => `${name} ${version}`);
}

/**
 * Turns an empty database into that of a new Supabase project, as far as this backup needs it: the platform's roles, auth and
 * storage, the backup's extensions and the app's own roles. All or nothing.
 *
 * @param appRoles the backup's roles.sql: the roles are made here, since only so it is known which of them are the throwaway's
 */
export async function prepareThrowaway(
  throwaway: Throwaway,
  manifest: Manifest,
  appRoles: string,
  signal: AbortSignal,
): Promise<PreparedThrowaway> {
  return await withSession(
    throwaway.adminUrl,
    { applicationName: "castchat-recovery verify preparing", signal },
    (session) =>
      inTransaction(session, async () => {
        const logins = await makePlatformRoles(session, throwaway);
        const restorer = quoteIdent(logins.restorer);
        await session.query(publishedPlatformSql(restorer) + managedSchemasSql(restorer));
        await giveDatabase(session);
        const notes = await fillManagedSchemas(session, manifest, restorer);
        await makeExtensions(session, manifest);
        await session.query(withoutOwnDefaultsSql(restorer));
        await lendExtensions(session, manifest, restorer);
        await makeAppRoles(session, throwaway, appRoles);
        return { ...logins, notes };
      }),
  );
}

async function giveDatabase(session: Session): Promise<void> {
  const [row] = await session.query<{ command: string }>(
    "select format('alter database %I owner to postgres', pg_catalog.current_database()) as command",
  );
  if (row !== undefined) await session.query(row.command);
}

/** By the administrator, since a plain server lets nobody else make most of them; on Supabase the platform does it. */
async function makeExtensions(session: Session, manifest: Manifest): Promise<void> {
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
        `${isThere.length > 0 ? "" : `create schema ${quoteIdent(place)} ${ofTheApp.has(place) ? "authorization postgres" : ""};`}
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
      `grant usage on schema ${quoteIdent(schema)} to ${restorer}; grant all on ${quoteIdent(schema)}.${quoteIdent(name)} to ${restorer}`,
  );
  if (manifest.extensions.some(({ name }) => name === "supabase_vault"))
    commands.push(
      `grant usage on schema vault to ${restorer}; grant select, delete on all tables in schema vault to ${restorer};
       grant execute on all functions in schema vault to ${restorer}`,
    );
  if (commands.length > 0) await session.query(commands.join("; "));
}

/** Makes the app's own roles and marks those that are new. UserError where one is there already and would be changed. */
async function makeAppRoles(session: Session, throwaway: Throwaway, script: string): Promise<void> {
  const before = await readRoles(session);
  await session.query(
    `set local role ${session.address.user === "postgres" ? "none" : "postgres"}; ${script}; set local role none`,
  );
  const after = await readRoles(session);
  const altered = [...before].filter(([name, digest]) => after.get(name) !== digest).map(([name]) => name);
  if (altered.length > 0)
    throw new UserError(
      `The scratch server has roles of the backup's names already (${altered.join(", ")}): name a server without them by VERIFY_DATABASE_URL.`,
    );
  const made = [...after.keys()].filter((name) => !before.has(name));
  if (made.length === 0) return;
  const mark = quoteLiteral(markOf(throwaway.name));
  await session.query(made.map((name) => `comment on role ${quoteIdent(name)} is ${mark}`).join("; "));
}

/** The app's own roles, each with a digest of what it may. */
async function readRoles(session: Session): Promise<Map<string, string>> {
  const rows = await session.query<{ name: string; digest: string }>(
    `select r.rolname as name, md5(to_jsonb(r)::text) as digest from pg_catalog.pg_roles r where r.rolname !~ '${PLATFORM_ROLES}'`,
  );
  return new Map(rows.map(({ name, digest }) => [name, digest]));
}
