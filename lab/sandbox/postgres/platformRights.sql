-- What follows on auth, storage and realtime (recovery/verify/throwaway/managedSchemas.ts) in a new Supabase project's database.

-- What postgres may do to the platform's tables -----------------------------------------------------------------------------
-- On Supabase `postgres` may add and drop policies and triggers on the tables of auth, storage and realtime although it doesn't own
-- them: an extension (supautils: policy_grants, drop_trigger_grants) allows just that. It doesn't exist here, so `postgres`
-- inherits the owners' rights without being able to become them, the tables that must stay out of its reach belong to
-- supabase_admin, and the event triggers below refuse everything in these schemas but policies and triggers, with the
-- message that Supabase gives. Without supautils, `postgres` cannot create event triggers.
alter table auth.schema_migrations owner to supabase_admin;
alter table storage.migrations owner to supabase_admin;

create function extensions.refuse_changes() returns event_trigger language plpgsql as $$
declare
  command record;
begin
  if current_user in ('supabase_admin', 'supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin') then return; end if;
  for command in select * from pg_event_trigger_ddl_commands() loop
    if command.schema_name in ('auth', 'storage', 'realtime')
       and command.object_type not in ('policy', 'trigger')
       and command.command_tag not in ('GRANT', 'REVOKE') then
      raise insufficient_privilege using message = format('must be owner of %s %s', command.object_type, command.object_identity);
    end if;
  end loop;
end
$$;
create function extensions.refuse_drops() returns event_trigger language plpgsql as $$
declare
  dropped record;
begin
  if current_user in ('supabase_admin', 'supabase_auth_admin', 'supabase_storage_admin', 'supabase_realtime_admin') then return; end if;
  for dropped in select * from pg_event_trigger_dropped_objects() loop
    if (dropped.schema_name in ('auth', 'storage', 'realtime') and dropped.object_type not in ('policy', 'trigger'))
       or (dropped.object_type = 'schema' and dropped.object_name in ('auth', 'storage', 'realtime')) then
      raise insufficient_privilege using message = format('must be owner of %s %s', dropped.object_type, dropped.object_identity);
    end if;
  end loop;
end
$$;
create event trigger supabase_refuse_changes on ddl_command_end execute function extensions.refuse_changes();
create event trigger supabase_refuse_drops on sql_drop execute function extensions.refuse_drops();
-- Also while session_replication_role is `replica`, as during a restore.
alter event trigger supabase_refuse_changes enable always;
alter event trigger supabase_refuse_drops enable always;
