/**
 * What belongs to Supabase and exists already in a new project: its schema is neither backed up nor restored. Source: Supabase's images and
 * migrations (supabase/postgres, supabase/auth, supabase/storage, supabase/realtime).
 */

/** Schemas whose rows belong to the customer all the same. They are backed up separately, and only their rows. */
const MANAGED_DATA_SCHEMAS = ["auth", "storage"] as const;

/** Tables of those schemas that record the platform's own version. A project must keep its own. */
export const MANAGED_VERSION_TABLES = ["auth.schema_migrations", "storage.migrations"] as const;

/** The schema in which a recovery keeps its marker in the target database. */
export const MARKER_SCHEMA = "castchat_recovery";

/** Schemas that are left out completely. */
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

/** Extensions whose rows belong to the platform, or can only be restored by their own functions. */
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

/** Roles of every project, as a pattern for Postgres (`~`). All others belong to the app. */
export const PLATFORM_ROLES =
  "^(postgres|anon|authenticated|service_role|authenticator|dashboard_user|pgbouncer|supabase_.*|pgsodium_.*|pgtle_admin|cli_login_.*|castchat_verify_[0-9a-f]{12}|pg_.*)$";

/**
 * Roles that only the platform uses. Their rights on its objects are its own decision. The API's roles and `postgres`, which the app uses,
 * are not among them.
 */
export const PLATFORM_INSIDERS =
  "^(dashboard_user|pgbouncer|supabase_.*|pgsodium_.*|pgtle_admin|cli_login_.*|castchat_verify_[0-9a-f]{12}|pg_.*)$";

/** Roles that own the platform's objects, as a pattern for Postgres. */
export const PLATFORM_OWNERS = "^(supabase_.*|pgbouncer|pgsodium_.*)$";

/** Staging schemas, in which a recovery keeps rows and definitions, as a pattern for Postgres. */
export const RECOVERY_SCHEMAS = "^castchat_(recovery_tables|aside)_";

/**
 * SQL condition on `pg_namespace n`: the app's own schemas. A schema that the platform or an extension created is never one, whatever its
 * name, so that a schema which Supabase adds one day does not count as the app's.
 */
export const IS_APP_SCHEMA = `(
  n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname !~ '${RECOVERY_SCHEMAS}'
  and n.nspname <> all (array[${PLATFORM_SCHEMAS.map((name) => `'${name}'`).join(", ")}])
  and pg_catalog.pg_get_userbyid(n.nspowner) !~ '${PLATFORM_OWNERS}'
  and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.objid = n.oid and d.deptype = 'e'))`;

/** SQL condition on `pg_namespace n`: the platform's, by its name. */
export const IS_PLATFORM_SCHEMA = `(n.nspname = any (array[${PLATFORM_SCHEMAS.map((name) => `'${name}'`).join(", ")}]))`;

/** SQL condition on `pg_namespace n`: it holds an object of an extension, which can't be moved. */
export const HAS_MEMBERS = `exists (select from pg_catalog.pg_depend d join pg_catalog.pg_depend m
  on m.classid = d.classid and m.objid = d.objid and m.deptype = 'e'
  where d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.refobjid = n.oid)`;

/** SQL condition on `pg_namespace n`: auth and storage. */
export const IS_MANAGED_DATA_SCHEMA = `(n.nspname in (${MANAGED_DATA_SCHEMAS.map((name) => `'${name}'`).join(", ")}))`;

/** The platform's table whose policies say which roles may listen and send. Source: Supabase's documentation, "Realtime Authorization". */
export const REALTIME_MESSAGES = "realtime.messages";

/** SQL condition on `pg_policies p`: a policy of the app on one of Supabase's tables. */
export const IS_POLICY_ON_MANAGED_TABLE = `(p.schemaname in (${MANAGED_DATA_SCHEMAS.map((name) => `'${name}'`).join(", ")})
  or p.schemaname || '.' || p.tablename = '${REALTIME_MESSAGES}')`;

/** SQL condition on an object: it does not belong to an extension. */
export function isNoMember(catalog: "pg_class" | "pg_proc" | "pg_type", oid: string): string {
  return `not exists (select from pg_catalog.pg_depend m
    where m.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and m.objid = ${oid} and m.deptype = 'e')`;
}
