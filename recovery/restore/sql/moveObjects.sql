-- Moves all that no extension has made from one schema to another. Tables and views first, since their indexes, sequences and types move
-- with them.
do $move$
declare
  object record;
begin
  for pass in 1..2 loop
    for object in
      select d.classid, d.objid from pg_catalog.pg_depend d
      where d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        and d.refobjid = (select oid from pg_catalog.pg_namespace where nspname = :'from')
        and d.deptype = 'n' and d.objsubid = 0
        and not exists (
          select from pg_catalog.pg_depend m
          where m.classid = d.classid and m.objid = d.objid and m.objsubid = 0 and m.deptype in ('e', 'i'))
        and (pass = 2 or d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
    loop
      -- Moved already, with the table that it belongs to.
      continue when (pg_catalog.pg_identify_object(object.classid, object.objid, 0)).schema is distinct from quote_ident(:'from');
      -- A sequence moves with the column that owns it.
      continue when pass = 1 and exists (
        select from pg_catalog.pg_depend o
        join pg_catalog.pg_class s on s.oid = o.objid and s.relkind = 'S'
        where o.classid = object.classid and o.objid = object.objid and o.deptype = 'a');
      execute (
        select format('alter %s %s set schema %I',
          case o.type
            when 'statistics object' then 'statistics'
            when 'composite type' then 'type'
            when 'function' then 'routine'
            when 'procedure' then 'routine'
            when 'aggregate' then 'routine'
            else o.type
          end,
          case when object.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            then object.objid::pg_catalog.regprocedure::text
            else o.identity
          end,
          :'to')
        from pg_catalog.pg_identify_object(object.classid, object.objid, 0) o);
    end loop;
  end loop;
end $move$
