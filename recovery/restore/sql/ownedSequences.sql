-- Sequences that fill a column of the selected tables, and the query for the furthest value in that column.
select sn.nspname as schema, sc.relname as name, s.seqincrement < 0 as down,
  pg_catalog.pg_sequence_last_value(sc.oid)::text as now,
  format('select %s(%I)::text as value from %s where %I between %s and %s',
    case when s.seqincrement < 0 then 'min' else 'max' end, a.attname,
    d.refobjid::pg_catalog.regclass, a.attname, s.seqmin, s.seqmax) as query
from pg_catalog.pg_depend d
join pg_catalog.pg_sequence s on s.seqrelid = d.objid
join pg_catalog.pg_class sc on sc.oid = d.objid
join pg_catalog.pg_namespace sn on sn.oid = sc.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refclassid = d.classid and d.deptype in ('a', 'i')
  and not s.seqcycle and d.refobjid in {{selectedTables}}
