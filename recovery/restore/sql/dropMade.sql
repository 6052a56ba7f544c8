-- Drops every definition of the app. Schemas that an extension lives in stay, as public does, and so does what a restore in place has
-- set aside.
do $wipe$
declare
  command text;
begin
  for command in
    select format('drop schema %I cascade', n.nspname)
    from pg_catalog.pg_namespace n
    where {{isAppSchema}} and n.nspname <> 'public' and not {{hasMembers}}
  loop
    execute command;
  end loop;
  -- Tables first, with what depends on them. Then the rest that no extension has made.
  for pass in 1..2 loop
    foreach command in array coalesce((
      select array_agg(format('drop %s if exists %s cascade',
        case o.type
          when 'composite type' then 'type'
          when 'statistics object' then 'statistics'
          else o.type
        end, o.identity))
      from pg_catalog.pg_namespace n
      join pg_catalog.pg_depend d
        on d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.refobjid = n.oid and d.deptype = 'n'
      cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
      where {{isAppSchema}}
        and not exists (
          select from pg_catalog.pg_depend m
          where m.classid = d.classid and m.objid = d.objid and m.objsubid = 0
            and m.refobjid <> d.objid and m.deptype in ('e', 'i'))
        and (pass = 2 or o.type in ('table', 'view', 'materialized view', 'foreign table'))), '{}')
    loop
      execute command;
    end loop;
  end loop;
  for command in
    select format('drop policy %I on %I.%I', p.policyname, p.schemaname, p.tablename)
    from pg_catalog.pg_policies p
    where {{isPolicyOnManagedTable}}
  loop
    execute command;
  end loop;
  for command in
    select format('drop publication %I', pubname)
    from pg_catalog.pg_publication
    where pubname !~ '^(supabase|castchat_aside)_'
    union all
    select format('drop server %I cascade', s.srvname)
    from pg_catalog.pg_foreign_server s
    where s.srvname !~ '^castchat_aside_'
      and not exists (select from pg_catalog.pg_depend m where m.objid = s.oid and m.deptype = 'e')
    union all
    select format('drop foreign data wrapper %I cascade', w.fdwname)
    from pg_catalog.pg_foreign_data_wrapper w
    where w.fdwname !~ '^castchat_aside_'
      and not exists (select from pg_catalog.pg_depend m where m.objid = w.oid and m.deptype = 'e')
  loop
    execute command;
  end loop;
end $wipe$
