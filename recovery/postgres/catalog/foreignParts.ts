/** SQL condition on `pg_class c`: it has a foreign table as a partition or child, so that reading it asks another server. */
export const HAS_FOREIGN_PARTS = `exists (
  with recursive parts (oid) as (
    select c.oid union select i.inhrelid from parts join pg_catalog.pg_inherits i on i.inhparent = parts.oid)
  select from parts join pg_catalog.pg_class part on part.oid = parts.oid where part.relkind = 'f')`;
