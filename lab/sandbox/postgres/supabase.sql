-- What a new Supabase project's database has in addition to a throwaway (recovery/verify/throwaway/publishedPlatform.ts and
-- managedSchemas.ts): limits of roles, extensions.
-- Runs as supabase_admin (the superuser) in the database `postgres`, before the schemas auth, storage and realtime and platformRights.sql.
-- Source: the scripts that Supabase publishes (https://github.com/supabase/postgres, migrations/db).

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role postgres set statement_timeout = '2min';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_storage_admin set search_path = storage;

-- Supabase lets its privileged role set these although it is not a superuser.
grant set on parameter session_replication_role to postgres;
grant set on parameter log_min_duration_statement to postgres;

-- Its schema public is owned by pg_database_owner, that is `postgres`.
alter database postgres owner to postgres;
grant all on database postgres to postgres, dashboard_user, supabase_auth_admin, supabase_storage_admin;
grant create on database postgres to supabase_etl_admin;

-- Both belong to supabase_admin, as in hosted projects; later ones are only granted by default privileges.
create extension pgcrypto with schema extensions;
create extension "uuid-ossp" with schema extensions;
grant all on all routines in schema extensions to dashboard_user;
