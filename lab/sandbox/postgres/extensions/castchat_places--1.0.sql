-- Made for the CastChat sandbox: an extension that marks the rows which its user adds for a dump, beside rows that it brings
-- along itself. PostGIS (spatial_ref_sys) and others do so; none that comes with Postgres does.
create table known_places (id integer primary key, name text not null, updated_at timestamptz);
create table place_settings (key text primary key, value text);
create sequence place_numbers start with 1000;
insert into known_places values (1, 'Shibuya', null), (2, 'Namba', null);
insert into place_settings values ('units', 'metric');
select pg_catalog.pg_extension_config_dump('known_places', 'WHERE id >= 1000');
select pg_catalog.pg_extension_config_dump('place_settings', '');
select pg_catalog.pg_extension_config_dump('place_numbers', '');
grant all on known_places, place_settings to @extowner@;
grant all on sequence place_numbers to @extowner@;
