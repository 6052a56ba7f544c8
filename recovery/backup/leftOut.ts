import { listLeftOutOfExtensions } from "../postgres/catalog/extensionRows.ts";
import { listLeftOutJobs } from "../postgres/catalog/heldBack.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import { IS_BROKEN_INDEX } from "../postgres/catalog/objects.ts";
import { OWNED } from "../postgres/catalog/owners.ts";
import {
  IS_APP_SCHEMA,
  IS_MANAGED_DATA_SCHEMA,
  MANAGED_VERSION_TABLES,
  MARKER_SCHEMA,
  PLATFORM_OWNERS,
  PLATFORM_ROLES,
} from "../postgres/catalog/platform.ts";
import { listPlatformAdditions } from "../postgres/catalog/platformAdditions.ts";
import type { Session } from "../postgres/session/database.ts";

/** Finds in the catalog what the database holds and a backup does not. */
export async function listLeftOut(session: Session): Promise<LeftOut[]> {
  const found = await session.query<LeftOut>(
    `select format('rows of foreign table %I.%I', n.nspname, c.relname) as what, 'they lie on another server' as why
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind = 'f' and ${IS_APP_SCHEMA}
     union all
     select format('subscription %I', s.subname), 'it holds another server''s password'
       from pg_catalog.pg_stat_subscription s where s.subname is not null
     union all
     select format('rows of %s table%s of schema %I', count(*), case count(*) when 1 then '' else 's' end, n.nspname), 'the schema belongs to the platform or an extension, which fills it'
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '${MARKER_SCHEMA}', 'vault')
         and not ${IS_APP_SCHEMA} and not ${IS_MANAGED_DATA_SCHEMA}
         and not exists (select from pg_catalog.pg_extension e where c.oid = any (e.extconfig)) group by n.nspname
     union all
     select format('rows of %s', name), 'they record the platform''s own version' from unnest($1::text[]) as name
       where exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = name)
     union all
     -- Only names: a value may be a secret.
     select format('settings of %s: %s', concat_ws(' in ', 'role ' || quote_ident(r.rolname), 'database ' || quote_ident(d.datname)),
         string_agg(split_part(setting, '=', 1), ', ' order by setting)), 'a backup only carries settings of the app''s own roles that apply to every database: set these again'
       from pg_catalog.pg_db_role_setting s cross join unnest(s.setconfig) as setting
       left join pg_catalog.pg_roles r on r.oid = s.setrole left join pg_catalog.pg_database d on d.oid = s.setdatabase
       where (s.setdatabase = 0 or d.datname = pg_catalog.current_database()) and coalesce(r.rolname !~ '${PLATFORM_OWNERS}', true)
         and not (s.setdatabase = 0 and coalesce(r.rolname !~ '${PLATFORM_ROLES}', false))
       group by s.setrole, s.setdatabase, r.rolname, d.datname
     union all
     select format('index %I.%I', n.nspname, c.relname), 'it is invalid, as a failed CREATE INDEX CONCURRENTLY leaves it: drop it, or create it again'
       from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where ${IS_BROKEN_INDEX} and ${IS_APP_SCHEMA}
     union all
     select format('default rights of role %I', pg_catalog.pg_get_userbyid(d.defaclrole)), 'the role is PostgreSQL''s own'
       from pg_catalog.pg_default_acl d where pg_catalog.pg_get_userbyid(d.defaclrole) ~ '^pg_' group by d.defaclrole
     union all
     select format('%I as the owner of %s', o.rolname, string_agg(i.type || ' ' || i.identity, ', ' order by i.type, i.identity)),
         'only that role of the platform could give them to itself: a restore gives them to the role that restores'
       from (${OWNED.join(" union all ")}) w (class, oid, owner, schema) join pg_catalog.pg_namespace n on n.oid = w.schema
       join pg_catalog.pg_roles o on o.oid = w.owner cross join pg_catalog.pg_identify_object(w.class, w.oid, 0) i
       where ${IS_APP_SCHEMA} and o.rolname ~ '${PLATFORM_OWNERS}'
         and not exists (select from pg_catalog.pg_depend m where m.classid = w.class and m.objid = w.oid and m.deptype = 'e') group by o.rolname
     union all
     select format('%s security labels', count(*)), 'the label providers belong to the platform' from pg_catalog.pg_seclabel having count(*) > 0
     order by 1`,
    [MANAGED_VERSION_TABLES],
  );
  return [
    ...found,
    ...(await listLeftOutOfExtensions(session)),
    ...(await listLeftOutJobs(session)),
    ...(await listPlatformAdditions(session)),
    { what: "passwords of roles", why: "a managed database does not give them out: set new ones" },
  ];
}

/** What a run leaves out that reads only the database. */
export const PROJECT_LEFT_OUT: readonly LeftOut[] = [
  { what: "bytes of the objects in storage", why: "they lie in the storage service, not in the database" },
  { what: "edge functions, auth settings and the JWT secret", why: "they lie in the project, not in the database" },
];
