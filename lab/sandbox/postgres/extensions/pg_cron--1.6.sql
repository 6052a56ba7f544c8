-- Stand-in of the CastChat sandbox for pg_cron 1.6 (https://github.com/citusdata/pg_cron), which the sandbox's Postgres lacks:
-- the same schema, tables, rights and functions, but nothing ever runs a job. As on Supabase, `postgres` may only read
-- cron.job and calls the functions.
create schema cron;
create sequence cron.jobid_seq;
create table cron.job (
  jobid bigint primary key default pg_catalog.nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default pg_catalog.inet_server_port(),
  database text not null default pg_catalog.current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
create sequence cron.runid_seq;
create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default pg_catalog.nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

create function cron.schedule_in_database(job_name text, schedule text, command text, database text,
  username text default null, active boolean default true) returns bigint
  language plpgsql security definer set search_path = pg_catalog
as $$
declare
  id bigint;
begin
  if schedule !~ '^(@(yearly|annually|monthly|weekly|daily|midnight|hourly|reboot)|([1-9]|[1-5][0-9]) seconds?|(\S+\s+){4}\S+)$' then
    raise invalid_parameter_value using message = format('invalid schedule: %s', schedule),
      hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
  if username is not null and username <> session_user and not (select rolsuper from pg_roles where rolname = session_user) then
    raise insufficient_privilege using message = 'must be superuser to create a job for another role';
  end if;
  if not exists (select from pg_database where datname = schedule_in_database.database) then
    raise exception using errcode = '3D000', message = format('database "%s" does not exist', schedule_in_database.database);
  end if;
  insert into cron.job as j (jobname, schedule, command, database, username, active)
    values (job_name, schedule_in_database.schedule, schedule_in_database.command, schedule_in_database.database,
      coalesce(schedule_in_database.username, session_user), schedule_in_database.active)
    on conflict on constraint jobname_username_uniq do update
      set schedule = excluded.schedule, command = excluded.command, database = excluded.database, active = excluded.active
    returning j.jobid into id;
  return id;
end
$$;
create function cron.schedule(job_name text, schedule text, command text) returns bigint
  language sql security definer set search_path = pg_catalog
  as $$ select cron.schedule_in_database(job_name, schedule, command, current_database()) $$;
create function cron.schedule(schedule text, command text) returns bigint
  language sql security definer set search_path = pg_catalog
  as $$ select cron.schedule_in_database(null, schedule, command, current_database()) $$;
create function cron.alter_job(job_id bigint, schedule text default null, command text default null, database text default null,
  username text default null, active boolean default null) returns void
  language plpgsql security definer set search_path = pg_catalog
as $$
begin
  update cron.job j set schedule = coalesce(alter_job.schedule, j.schedule), command = coalesce(alter_job.command, j.command),
    database = coalesce(alter_job.database, j.database), username = coalesce(alter_job.username, j.username),
    active = coalesce(alter_job.active, j.active)
  where j.jobid = job_id and j.username = session_user;
  if not found then raise exception 'Job % does not exist or you don''t own it', job_id; end if;
end
$$;
create function cron.unschedule(job_id bigint) returns boolean
  language plpgsql security definer set search_path = pg_catalog
as $$
begin
  delete from cron.job j where j.jobid = job_id and j.username = session_user;
  if not found then raise exception 'could not find valid entry for job ''%''', job_id; end if;
  return true;
end
$$;
create function cron.unschedule(job_name text) returns boolean
  language plpgsql security definer set search_path = pg_catalog
as $$
begin
  delete from cron.job j where j.jobname = job_name and j.username = session_user;
  if not found then raise exception 'could not find valid entry for job ''%''', job_name; end if;
  return true;
end
$$;
revoke all on function cron.schedule_in_database(text, text, text, text, text, boolean) from public;

select pg_catalog.pg_extension_config_dump('cron.job', '');
select pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');

grant usage on schema cron to @extowner@ with grant option;
grant execute on all functions in schema cron to @extowner@ with grant option;
grant select on cron.job to @extowner@ with grant option;
grant all on cron.job_run_details to @extowner@ with grant option;
