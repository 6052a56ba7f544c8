/**
 * What belongs to Supabase and exists already in a new project: its schema is neither backed up nor restored.
 * Source: Supabase's images and migrations (supabase/postgres, supabase/auth, supabase/storage, supabase/realtime).
 */

/** Schemas whose rows are the customer's all the same: they are backed up apart, as data alone. */
const MANAGED_DATA_SCHEMAS = ["auth", "storage"] as const;

/** Tables of those schemas that tell the platform's own version; a project's own must stay. */
export const MANAGED_VERSION_TABLES = ["auth.schema_migrations", "storage.migrations"] as const;

/** Where a recovery keeps its marker in the database that it restores into. */
export const MARKER_SCHEMA = "castchat_recovery";

/** Schemas that are left out whole. */
const PLATFORM_SCHEMAS: readonly string[] = [
  ...MANAGED_DATA_SCHEMAS,
  MARKER_SCHEMA,
  "_analytics",
  "_realtime",
  "_supavisor",
  "cron",
  "extensions",
  "graphql",
  "graphql_public",
  "net",
  "pgbouncer",
  "pgmq",
  "pgsodium",
  "pgsodium_masks",
  "pgtle",
  "realtime",
  "supabase_functions",
  "tiger",
  "tiger_data",
  "topology",
  "vault",
];

/** Extensions whose rows are the platform's own, or need their own functions to come back. */
export const PLATFORM_EXTENSIONS: readonly string[] = [
  "pg_cron",
  "pg_graphql",
  "pg_net",
  "pg_tle",
  "pgmq",
  "pgsodium",
  "supabase_vault",
  "timescaledb",
  "wrappers",
];

/** Roles of every project, as a pattern for Postgres (`~`): anything else is the app's own. */
export const PLATFORM_ROLES =
  "^(postgres|anon|authenticated|service_role|authenticator|dashboard_user|pgbouncer|supabase_.*|pgsodium_.*|pgtle_admin|cli_login_.*|castchat_verify_[0-9a-f]{12}|pg_.*)$";

/**
 * Those of them that only the platform acts as: what they may do with its objects is its own to decide. The API's roles and `postgres`,
 * as whom the app acts, are not among them.
 */
export const PLATFORM_INSIDERS =
  "^(dashboard_user|pgbouncer|supabase_.*|pgsodium_.*|pgtle_admin|cli_login_.*|castchat_verify_[0-9a-f]{12}|pg_.*)$";

/** Roles that own what the platform makes, as a pattern for Postgres. */
export const PLATFORM_OWNERS = "^(supabase_.*|pgbouncer|pgsodium_.*)$";

/** Names of schemas in which a recovery keeps rows and definitions beside the live ones, as a pattern for Postgres. */
export const RECOVERY_SCHEMAS = "^castchat_(recovery_tables|aside)_";

/**
 * SQL condition on `pg_namespace n`: the app's own schemas. What the platform or an extension has made is none, whatever
 * its name, so that a schema which Supabase adds one day is not taken for the app's.
 */
export const IS_APP_SCHEMA = `(
  n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname !~ '${RECOVERY_SCHEMAS}'
  and n.nspname <> all (array[${PLATFORM_SCHEMAS.map((name) => `'${name}'`).join(", ")}])
  and pg_catalog.pg_get_userbyid(n.nspowner) !~ '${PLATFORM_OWNERS}'
  and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.objid = n.oid and d.deptype = 'e'))`;

/** SQL condition on `pg_namespace n`: an extension has put something into it, which can't be moved away. */
export const HAS_MEMBERS = `exists (select from pg_catalog.pg_depend d join pg_catalog.pg_depend m
  on m.classid = d.classid and m.objid = d.objid and m.deptype = 'e'
  where d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.refobjid = n.oid)`;

/** SQL condition on `pg_namespace n`: auth and storage. */
export const IS_MANAGED_DATA_SCHEMA = `(n.nspname in (${MANAGED_DATA_SCHEMAS.map((name) => `'${name}'`).join(", ")}))`;

/** The platform's table by whose policies the app says who may listen and send. Source: Supabase's documentation, "Realtime Authorization". */
export const REALTIME_MESSAGES = "realtime.messages";

/** SQL condition on `pg_policies p`: the app's, though on one of Supabase's tables. */
export const IS_POLICY_ON_MANAGED_TABLE = `(p.schemaname in (${MANAGED_DATA_SCHEMAS.map((name) => `'${name}'`).join(", ")})
  or p.schemaname || '.' || p.tablename = '${REALTIME_MESSAGES}')`;

/** SQL condition on an object: no extension has made it. */
export function isNoMember(catalog: "pg_class" | "pg_proc" | "pg_type", oid: string): string {
  return `not exists (select from pg_catalog.pg_depend m
    where m.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and m.objid = ${oid} and m.deptype = 'e')`;
}
