/**
 * What the database of a new Supabase project has in addition to auth, storage and realtime (managedSchemas.ts): roles, memberships,
 * default rights, event triggers. Both kinds of throwaways and the sandbox use this description. It is reduced to what a backup and a
 * restore depend on. Source: the scripts that Supabase publishes (https://github.com/supabase/postgres, migrations/db, as of November
 * 2026). The rights that Supabase's own extension grants come from ansible/files/postgresql_config/supautils.conf.j2.
 */

/** A role of every project. */
export interface PublishedRole {
  name: string;
  /** Attributes for CREATE ROLE in addition to LOGIN. */
  attributes: string;
  logsIn: boolean;
}

/** Roles of every project except `postgres` and its superuser `supabase_admin`. Source: init-scripts, 20230529180330, 20251215120934. */
export const PUBLISHED_ROLES: readonly PublishedRole[] = [
  { name: "anon", attributes: "", logsIn: false },
  { name: "authenticated", attributes: "", logsIn: false },
  { name: "service_role", attributes: "bypassrls", logsIn: false },
  { name: "authenticator", attributes: "noinherit", logsIn: true },
  { name: "dashboard_user", attributes: "createdb createrole replication", logsIn: false },
  { name: "pgbouncer", attributes: "", logsIn: true },
  { name: "supabase_auth_admin", attributes: "noinherit createrole", logsIn: true },
  { name: "supabase_storage_admin", attributes: "noinherit createrole", logsIn: true },
  { name: "supabase_realtime_admin", attributes: "noinherit", logsIn: false },
  { name: "supabase_functions_admin", attributes: "noinherit createrole", logsIn: true },
  { name: "supabase_replication_admin", attributes: "replication", logsIn: true },
  { name: "supabase_etl_admin", attributes: "replication", logsIn: true },
  { name: "supabase_read_only_user", attributes: "bypassrls", logsIn: true },
  { name: "supabase_privileged_role", attributes: "", logsIn: false },
];

/** Roles that have another role as a member. */
export interface PublishedMembership {
  roles: readonly string[];
  member: string;
  admin: boolean;
  inherit: boolean;
  set: boolean;
}

const API_ROLES = ["anon", "authenticated", "service_role"];

/** The first versions that know a membership's options, and pg_create_subscription. */
export const MEMBERSHIP_OPTIONS_SINCE = 16;

/**
 * Which roles may act as which, where `restorer` is the role that Supabase calls `postgres`. Source: init-scripts, 20230306081037,
 * 20231013070755, 20240606060239, 20250402093753, 20250605172253.
 */
export function publishedMemberships(restorer: string, serverMajor: number): PublishedMembership[] {
  const plain = { admin: false, inherit: true, set: true };
  const newer = serverMajor >= MEMBERSHIP_OPTIONS_SINCE ? ["pg_create_subscription"] : [];
  const predefined = ["pg_monitor", "pg_read_all_data", "pg_signal_backend", ...newer];
  const owners = ["supabase_auth_admin", "supabase_storage_admin", "supabase_realtime_admin"];
  return [
    { roles: API_ROLES, member: "authenticator", ...plain, inherit: false },
    { roles: ["authenticator"], member: "supabase_storage_admin", ...plain, inherit: false },
    { roles: [...API_ROLES, "authenticator"], member: restorer, ...plain, admin: true },
    { roles: ["supabase_privileged_role"], member: restorer, ...plain },
    { roles: predefined, member: restorer, ...plain, admin: true },
    { roles: ["pg_read_all_data"], member: "supabase_read_only_user", ...plain },
    { roles: ["pg_read_all_data", "supabase_privileged_role"], member: "supabase_etl_admin", ...plain },
    // Supabase lets `postgres` put policies and triggers on its tables without being their owner (supautils: policy_grants), which no other
    // server knows: there it has the owners' rights without being able to become them.
    { roles: owners, member: restorer, ...plain, set: false },
  ];
}

/** The GRANT of a membership, for a server of that version. Names of the platform need no quotes; `quoted` is the member's. */
export function membershipSql(
  { roles, admin, inherit, set }: PublishedMembership,
  quoted: string,
  serverMajor: number,
): string {
  const older = admin ? " with admin option" : "";
  const newer = ` with admin ${admin}, inherit ${inherit}, set ${set}`;
  return `grant ${roles.join(", ")} to ${quoted}${serverMajor >= MEMBERSHIP_OPTIONS_SINCE ? newer : older}`;
}

/**
 * Event triggers of every project: name, function in schema `extensions`, event, tags. The functions are empty here. On Supabase they grant
 * rights on extensions that no other server has, and notify the API.
 */
const EVENT_TRIGGERS: readonly [name: string, routine: string, on: string][] = [
  ["issue_pg_cron_access", "grant_pg_cron_access", "ddl_command_end when tag in ('CREATE EXTENSION')"],
  ["issue_pg_graphql_access", "grant_pg_graphql_access", "ddl_command_end when tag in ('CREATE EXTENSION')"],
  ["issue_graphql_placeholder", "set_graphql_placeholder", "sql_drop when tag in ('DROP EXTENSION')"],
  ["pgrst_ddl_watch", "pgrst_ddl_watch", "ddl_command_end"],
  ["pgrst_drop_watch", "pgrst_drop_watch", "sql_drop"],
  ["issue_pg_net_access", "grant_pg_net_access", "ddl_command_end when tag in ('CREATE EXTENSION')"],
];

const KINDS = ["tables", "routines", "sequences"];

function defaultsInPublic(role: string, change: string): string[] {
  return KINDS.map((kind) => `alter default privileges ${role} in schema public ${change.replace("%", kind)}`);
}

/**
 * SQL that revokes the superuser's own default rights in `public` after the extensions are created. On Supabase that role is
 * `supabase_admin`. Another server's superuser may have the name of a role whose default rights a restore brings and compares.
 */
export function withoutOwnDefaultsSql(restorer: string): string {
  return defaultsInPublic("", `revoke all on % from ${restorer}, ${API_ROLES.join(", ")}`).join(";\n");
}

/**
 * SQL for a project's superuser that creates what a new project has in addition to roles and the platform's tables. The superuser's default
 * rights then apply to what it creates later, above all extensions. Source: init-scripts 00000000000000 and …03, 20220317095840,
 * 20230224042246, 20231017062225.
 *
 * @param restorer the role that Supabase calls `postgres`, quoted
 */
export function publishedPlatformSql(restorer: string): string {
  const api = API_ROLES.join(", ");
  const lines = [
    "create schema extensions",
    `grant all on schema extensions to ${restorer}, dashboard_user`,
    `grant usage on schema extensions to ${api}, supabase_auth_admin, supabase_storage_admin`,
    ...KINDS.map(
      (kind) => `alter default privileges in schema extensions grant all on ${kind} to ${restorer} with grant option`,
    ),
    `grant usage on schema public to ${restorer}, ${api}`,
    ...defaultsInPublic("", `grant all on % to ${restorer}, ${api}`),
    ...defaultsInPublic(`for role ${restorer}`, `grant all on % to ${restorer}, ${api}`),
    "create schema graphql_public",
    `grant usage on schema graphql_public to ${api}`,
    `grant usage on schema graphql_public to ${restorer} with grant option`,
    "create publication supabase_realtime",
    `alter publication supabase_realtime owner to ${restorer}`,
    ...EVENT_TRIGGERS.flatMap(([name, routine, on]) => [
      `create function extensions.${routine}() returns event_trigger language plpgsql as 'begin end'`,
      `create event trigger ${name} on ${on} execute function extensions.${routine}()`,
    ]),
    ownedEventTrigger("issue_pg_net_access", restorer),
  ];
  return `${lines.join(";\n")};\n`;
}

/**
 * The init scripts run as `postgres` while it is still a superuser, which PostgreSQL only requires of an event trigger's owner at that
 * moment. The function belongs to the superuser, as in newer projects (20250402065937): its owner could replace it, and a superuser who
 * creates an extension would run the replacement.
 */
function ownedEventTrigger(name: string, restorer: string): string {
  return `do $owner$
declare
  was_superuser boolean := (select rolsuper from pg_catalog.pg_roles where oid = '${restorer.replaceAll("'", "''")}'::pg_catalog.regrole);
begin
  if not was_superuser then alter role ${restorer} superuser; end if;
  alter event trigger ${name} owner to ${restorer};
  if not was_superuser then alter role ${restorer} nosuperuser; end if;
end $owner$`;
}
