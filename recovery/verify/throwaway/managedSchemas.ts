/** Functions that return a claim of the request's token: name, type, claim. */
const CLAIM_FUNCTIONS = [
  ["uid", "uuid", "sub"],
  ["role", "text", "role"],
  ["email", "text", "email"],
].map(
  ([name, type, claim]) => `create function ${name}() returns ${type} language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.${claim}', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> '${claim}')
  )::${type}
$$;`,
);

const closed = (...tables: string[]) =>
  tables.map((table) => `alter table ${table} enable row level security;`).join("\n");

/**
 * SQL for the schemas of Supabase that hold content of the app, as a new project has them: auth and storage with their main tables, and of
 * realtime the one table that the app puts policies on. Runs as a superuser, after the platform's roles exist (publishedPlatform.ts).
 * Sources: the migrations that Supabase publishes (supabase/auth, supabase/storage, supabase/realtime; rights: supabase/postgres,
 * init-scripts, 20211115181400, 20211122051245, 20250421084701). It is text in a module, so that a bundle of the program includes it.
 *
 * @param restorer the role that Supabase calls `postgres`, quoted
 */
export const managedSchemasSql = (restorer: string): string => `
-- auth --------------------------------------------------------------------------------------------------------------------
create schema auth authorization supabase_auth_admin;
grant usage on schema auth to ${restorer}, anon, authenticated, service_role;

set role supabase_auth_admin;
set search_path = auth;

create type aal_level as enum ('aal1', 'aal2', 'aal3');

create table users (
  instance_id uuid, id uuid not null primary key, aud varchar(255), role varchar(255), email varchar(255),
  encrypted_password varchar(255), email_confirmed_at timestamptz, invited_at timestamptz,
  confirmation_token varchar(255), confirmation_sent_at timestamptz, recovery_token varchar(255),
  recovery_sent_at timestamptz, email_change_token_new varchar(255), email_change varchar(255),
  email_change_sent_at timestamptz, last_sign_in_at timestamptz, raw_app_meta_data jsonb,
  raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz, updated_at timestamptz,
  phone text unique default null, phone_confirmed_at timestamptz, phone_change text default '',
  phone_change_token varchar(255) default '', phone_change_sent_at timestamptz,
  confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current varchar(255) default '',
  email_change_confirm_status smallint default 0 check (email_change_confirm_status between 0 and 2),
  banned_until timestamptz, reauthentication_token varchar(255) default '',
  reauthentication_sent_at timestamptz, is_sso_user boolean not null default false, deleted_at timestamptz,
  is_anonymous boolean not null default false
);
create unique index users_email_partial_key on users (email) where (is_sso_user = false);
create index users_instance_id_idx on users (instance_id);

create table identities (
  provider_id text not null, user_id uuid not null references users (id) on delete cascade,
  identity_data jsonb not null, provider text not null, last_sign_in_at timestamptz, created_at timestamptz,
  updated_at timestamptz, email text generated always as (lower(identity_data ->> 'email')) stored,
  id uuid not null default gen_random_uuid() primary key, unique (provider_id, provider)
);
create index identities_user_id_idx on identities (user_id);

create table sessions (
  id uuid not null primary key, user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz, updated_at timestamptz, factor_id uuid, aal aal_level, not_after timestamptz,
  refreshed_at timestamp, user_agent text, ip inet, tag text
);
create index sessions_user_id_idx on sessions (user_id);

create table refresh_tokens (
  instance_id uuid, id bigserial primary key, token varchar(255) unique, user_id varchar(255), revoked boolean,
  created_at timestamptz, updated_at timestamptz, parent varchar(255),
  session_id uuid references sessions (id) on delete cascade
);

create table schema_migrations (version varchar(255) not null primary key);
insert into schema_migrations (version) values
  ('00'), ('20171026211738'), ('20210909172000'), ('20220811173540'), ('20230322519590'), ('20240427152123'), ('20250731150234');

${CLAIM_FUNCTIONS.join("\n")}
create function jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

${closed("users", "identities", "sessions", "refresh_tokens", "schema_migrations")}

grant all on users, identities, sessions, refresh_tokens to ${restorer} with grant option;
grant all on all sequences in schema auth to ${restorer};
grant all on schema auth to dashboard_user;
grant all on all tables in schema auth to dashboard_user;
grant all on all sequences in schema auth to dashboard_user;
grant all on all routines in schema auth to ${restorer}, dashboard_user;
revoke all on schema_migrations from dashboard_user;
alter default privileges in schema auth grant all on tables to ${restorer}, dashboard_user;
alter default privileges in schema auth grant all on sequences to ${restorer}, dashboard_user;
alter default privileges in schema auth grant all on routines to ${restorer}, dashboard_user;
grant select on schema_migrations to ${restorer};
reset search_path;
reset role;

-- storage -----------------------------------------------------------------------------------------------------------------
create schema storage authorization supabase_storage_admin;
grant usage on schema storage to ${restorer}, anon, authenticated, service_role;

set role supabase_storage_admin;
set search_path = storage;

create table migrations (
  id integer primary key, name varchar(100) unique not null, hash varchar(40) not null,
  executed_at timestamp default current_timestamp
);
insert into migrations (id, name, hash) values
  (0, 'create-migrations-table', 'e18db593bcde2aca2a408c4d1100f6abba2195df'),
  (1, 'initialmigration', '6ab16121fbaa08bbd11b712d05f358f9b555d777'),
  (2, 'storage-schema', '5c7968fd083fcea04050c1b7f6253c9771b99011');

create type buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
create table buckets (
  id text not null primary key, name text not null, owner uuid, created_at timestamptz default now(),
  updated_at timestamptz default now(), public boolean default false, avif_autodetection boolean default false,
  file_size_limit bigint, allowed_mime_types text[], owner_id text, type buckettype not null default 'STANDARD',
  versioning_status text not null default 'DISABLED'
);
create unique index bname on buckets (name);

create table objects (
  id uuid not null default gen_random_uuid() primary key, bucket_id text references buckets (id), name text,
  owner uuid, created_at timestamptz default now(), updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(), metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored, version text, owner_id text,
  user_metadata jsonb, archived_at timestamptz, is_delete_marker boolean not null default false,
  is_versioned boolean not null default false
);
create unique index bucketid_objname on objects (bucket_id, name);
create index name_prefix_search on objects (name text_pattern_ops);

create function foldername(name text) returns text[] language plpgsql immutable as $$
declare
  parts text[] := string_to_array(name, '/');
begin
  return parts[1 : array_length(parts, 1) - 1];
end
$$;
create function filename(name text) returns text language sql immutable as $$
  select (string_to_array(name, '/'))[array_length(string_to_array(name, '/'), 1)]
$$;
create function update_updated_at_column() returns trigger language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end
$$;
create trigger update_objects_updated_at before update on objects
  for each row execute function update_updated_at_column();
create function protect_delete() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), 'false') <> 'true' then
    raise exception 'Direct deletion from storage tables is not allowed. Use the Storage API instead.' using errcode = '42501';
  end if;
  return null;
end
$$;
create trigger protect_buckets_delete before delete on buckets for each statement execute function protect_delete();
create trigger protect_objects_delete before delete on objects for each statement execute function protect_delete();

${closed("buckets", "objects", "migrations")}

grant all on buckets, objects to ${restorer} with grant option;
grant all on buckets, objects to anon, authenticated, service_role;
grant all on schema storage to dashboard_user;
grant all on all routines in schema storage to ${restorer}, dashboard_user;
grant select on migrations to ${restorer};
reset search_path;
reset role;

-- realtime ----------------------------------------------------------------------------------------------------------------
create schema realtime authorization supabase_realtime_admin;
grant usage on schema realtime to ${restorer}, anon, authenticated, service_role;

set role supabase_realtime_admin;
set search_path = realtime;

create table messages (
  topic text not null, extension text not null, payload jsonb, event text, private boolean default false,
  updated_at timestamp not null default now(), inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(), primary key (id, inserted_at)
) partition by range (inserted_at);
create function topic() returns text language sql stable as $$
  select nullif(current_setting('realtime.topic', true), '')
$$;
${closed("messages")}

grant all on messages to ${restorer} with grant option;
grant select, insert, update on messages to anon, authenticated, service_role;
grant all on messages to dashboard_user;
grant all on all routines in schema realtime to ${restorer}, dashboard_user;
reset search_path;
reset role;
`;
