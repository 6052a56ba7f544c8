-- Stand-in for Supabase's vault (extension supabase_vault), which the sandbox's Postgres lacks: the same table, view, functions and
-- rights. Values are encrypted with a key of the server that no dump contains, like the vault's root key. Here the key is derived from
-- the server's identifier, so it protects nothing from a reader of that.
create schema vault;
create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index secrets_name_idx on vault.secrets (name) where name is not null;

create function vault._root_key() returns text language sql stable security definer set search_path = ''
  as $$ select 'sandbox ' || system_identifier from pg_catalog.pg_control_system() $$;
create function vault._open(secret text) returns text language sql stable security definer set search_path = ''
  as $$ select extensions.pgp_sym_decrypt(pg_catalog.decode(secret, 'base64'), vault._root_key()) $$;
create function vault._seal(secret text) returns text language sql volatile security definer set search_path = ''
  as $$ select pg_catalog.encode(extensions.pgp_sym_encrypt(secret, vault._root_key()), 'base64') $$;
create view vault.decrypted_secrets as
  select id, name, description, secret, vault._open(secret) as decrypted_secret, key_id, nonce, created_at, updated_at from vault.secrets;
create function vault.create_secret(new_secret text, new_name text default null, new_description text default '', new_key_id uuid default null)
  returns uuid language sql volatile security definer set search_path = ''
  as $$ insert into vault.secrets (secret, name, description, key_id) values (vault._seal(new_secret), new_name, new_description, new_key_id) returning id $$;
create function vault.update_secret(secret_id uuid, new_secret text default null, new_name text default null, new_description text default null, new_key_id uuid default null)
  returns void language sql volatile security definer set search_path = ''
  as $$ update vault.secrets set secret = coalesce(vault._seal(new_secret), secret), name = coalesce(new_name, name),
    description = coalesce(new_description, description), key_id = coalesce(new_key_id, key_id), updated_at = now() where id = secret_id $$;

revoke all on all functions in schema vault from public;
grant usage on schema vault to postgres, service_role;
grant select, delete on vault.secrets, vault.decrypted_secrets to postgres, service_role;
grant execute on function vault.create_secret(text, text, text, uuid), vault.update_secret(uuid, text, text, text, uuid), vault._open(text) to postgres, service_role;
