-- Objects of the app that lie in no schema. The platform's own are left as they are.
select 'publication' as kind, p.pubname::text as name, null::text as enabled
from pg_catalog.pg_publication p
where p.pubname !~ '^supabase_' and pg_catalog.pg_has_role(p.pubowner, 'usage')
union all
-- Some of the platform's belong to `postgres`: their functions show whose they are.
select 'event trigger', e.evtname::text, e.evtenabled::text
from pg_catalog.pg_event_trigger e
join pg_catalog.pg_proc p on p.oid = e.evtfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where {{isAppSchema}}
  and pg_catalog.pg_get_userbyid(e.evtowner) !~ {{platformOwners}} and pg_catalog.pg_has_role(e.evtowner, 'usage')
  and not exists (select from pg_catalog.pg_depend m where m.objid = e.oid and m.deptype = 'e')
union all
select 'server', s.srvname::text, null
from pg_catalog.pg_foreign_server s
where pg_catalog.pg_has_role(s.srvowner, 'usage')
  and not exists (select from pg_catalog.pg_depend m where m.objid = s.oid and m.deptype = 'e')
union all
select 'foreign data wrapper', w.fdwname::text, null
from pg_catalog.pg_foreign_data_wrapper w
where pg_catalog.pg_has_role(w.fdwowner, 'usage')
  and not exists (select from pg_catalog.pg_depend m where m.objid = w.oid and m.deptype = 'e')
