-- The tables named by $1 (schemas) and $2 (names), and the partitioned ones that they belong to.
(
  select a.oid
  from unnest($1::text[], $2::text[]) as s (schema, name)
  join pg_catalog.pg_namespace n on n.nspname = s.schema
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = s.name
  cross join lateral (select c.oid union select relid::oid from pg_catalog.pg_partition_ancestors(c.oid)) a (oid)
)
