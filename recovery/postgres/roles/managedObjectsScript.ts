import {
  IS_APP_SCHEMA,
  IS_MANAGED_DATA_SCHEMA,
  IS_POLICY_ON_MANAGED_TABLE,
  PLATFORM_ROLES,
} from "../catalog/platform.ts";
import type { Session } from "../session/database.ts";
import { ownersScript } from "./ownersScript.ts";

/**
 * A line with a grant that the platform may refuse. The restore compares such rights afterwards and lists the missing ones
 * (platformRights.ts). `statement` is an SQL expression, without the semicolon.
 */
function ifPermitted(statement: string): string {
  return `format('do %L;', 'begin ' || ${statement} || '; exception when insufficient_privilege or invalid_grant_operation then null; end')`;
}

/**
 * SQL for what the app has added to Supabase's tables (triggers that call its functions, policies, rights of its roles), and for the owners
 * of its objects that differ from the restoring role. It can be run again.
 */
export async function managedObjectsScript(session: Session): Promise<string> {
  const rows = await session.query<{ line: string }>(
    `select line from (
       select 1 as pass, format(E'drop trigger if exists %I on %I.%I;\n%s;%s', t.tgname, n.nspname, c.relname, pg_catalog.pg_get_triggerdef(t.oid), '') as line
       from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where not t.tgisinternal and ${IS_MANAGED_DATA_SCHEMA} and exists (
         select from pg_catalog.pg_proc f join pg_catalog.pg_namespace n on n.oid = f.pronamespace where f.oid = t.tgfoid and ${IS_APP_SCHEMA})
       union all
       select 2, format(E'drop policy if exists %I on %I.%I;\ncreate policy %I on %I.%I as %s for %s to %s%s%s;',
         p.policyname, p.schemaname, p.tablename, p.policyname, p.schemaname, p.tablename, p.permissive, p.cmd,
         (select string_agg(case r when 'public' then 'public' else format('%I', r) end, ', ') from unnest(p.roles) r),
         ' using (' || p.qual || ')', ' with check (' || p.with_check || ')')
       from pg_catalog.pg_policies p where ${IS_POLICY_ON_MANAGED_TABLE}
       union all
       select 3, ${ifPermitted(`format('grant %s on %I.%I to %I%s', a.privilege_type, n.nspname, c.relname, r.rolname,
         case when a.is_grantable then ' with grant option' else '' end)`)}
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       cross join pg_catalog.aclexplode(c.relacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
       where c.relkind in ('r', 'p', 'v', 'm') and ${IS_MANAGED_DATA_SCHEMA} and r.rolname !~ '${PLATFORM_ROLES}'
       union all
       select 4, ${ifPermitted("format('grant usage on schema %I to %I', n.nspname, r.rolname)")}
       from pg_catalog.pg_namespace n cross join pg_catalog.aclexplode(n.nspacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
       where ${IS_MANAGED_DATA_SCHEMA} and a.privilege_type = 'USAGE' and r.rolname !~ '${PLATFORM_ROLES}'
     ) lines order by pass, line`,
  );
  return [
    "-- What the app has put on Supabase's tables, and owners of its own objects.",
    ...rows.map((row) => row.line),
    ...(await ownersScript(session)),
    "",
  ].join("\n");
}
