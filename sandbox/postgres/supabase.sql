-- What a new Supabase project's database holds before its owner has done anything, as far as a backup and a recovery can
-- tell: roles, schemas of the platform (auth, storage, extensions), default privileges and limits of `postgres`.
-- Runs as supabase_admin (the superuser) in the database `postgres`, before the schemas auth, storage and realtime and platformRights.sql.
-- Sources: the images and migrations that Supabase publishes (supabase/postgres), reduced to what a recovery can tell.

-- Roles -------------------------------------------------------------------------------------------------------------------
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
create role supabase_auth_admin login noinherit createrole;
create role supabase_storage_admin login noinherit createrole;
create role supabase_realtime_admin nologin noinherit;
create role postgres login createdb createrole replication bypassrls;

grant anon, authenticated, service_role to authenticator with inherit false, set true;
grant anon, authenticated, service_role, authenticator to postgres with admin true, inherit true, set true;
grant anon, authenticated, service_role to supabase_storage_admin with inherit false, set true;
grant pg_monitor, pg_read_all_data, pg_signal_backend, pg_create_subscription to postgres with admin true;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role postgres set statement_timeout = '2min';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_storage_admin set search_path = storage;

-- Supabase lets its privileged role set these although it is no superuser.
grant set on parameter session_replication_role to postgres;
grant set on parameter log_min_duration_statement to postgres;

alter database postgres owner to postgres;
grant all on database postgres to postgres, supabase_auth_admin, supabase_storage_admin;

-- public ------------------------------------------------------------------------------------------------------------------
-- Owned by pg_database_owner, that is `postgres`.
grant usage on schema public to postgres, anon, authenticated, service_role;

alter default privileges for role postgres in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on functions to postgres, anon, authenticated, service_role;

-- extensions --------------------------------------------------------------------------------------------------------------
create schema extensions;
grant usage, create on schema extensions to postgres;
grant usage on schema extensions to anon, authenticated, service_role, supabase_auth_admin, supabase_storage_admin;
create extension pgcrypto with schema extensions;
create extension "uuid-ossp" with schema extensions;
