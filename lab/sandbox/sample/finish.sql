-- Small tables, sequences and what is derived: runs after the big tables, in the same transaction.

insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
  select md5('session:' || n)::uuid, pg_temp.demo_user(n), pg_temp.latest(), pg_temp.latest(), 'aal1', 'Mozilla/5.0 (日本)', '192.0.2.1' from generate_series(1, 3) n;
-- Uses the table's own sequence: a recovery that doesn't restore its position breaks the next login.
insert into auth.refresh_tokens (id, instance_id, token, user_id, revoked, created_at, updated_at, session_id)
  select n, '00000000-0000-0000-0000-000000000000', md5('token:' || n), pg_temp.demo_user(n), n = 2, pg_temp.latest(), pg_temp.latest(), md5('session:' || n)::uuid
  from generate_series(1, 3) n;
select setval('auth.refresh_tokens_id_seq', 3);

-- The constraints are deferred to the commit: neither table could be first.
insert into public.teams (id, name, leader_id) select n, '劇団 ' || n, n * 2 from generate_series(1, 5) n;
insert into public.team_members (id, team_id, user_id) select n, (n + 1) / 2, pg_temp.demo_user(n) from generate_series(1, 10) n;

insert into private.payouts (id, user_id, amount, period, during) overriding system value
  select n, pg_temp.demo_user(n), case n when 3 then 'NaN' else n * 1234.567890 end,
    case n when 4 then daterange(null, null) when 5 then 'empty' else daterange(date '2026-01-01' + n, 'infinity') end,
    case when n % 2 = 0 then tstzmultirange(tstzrange(pg_temp.latest(), 'infinity'), tstzrange(null, pg_temp.latest() - interval '1 day')) end
  from generate_series(1, 10) n;

-- Awkward values also in the app's own rows, not only in the table made for them.
update public.applications set cover_letter = case id when 1 then '\N' when 2 then E'line one\nline two\t\\.\n\\.\n' else '' end where id in (1, 2, 3);

select setval('public.posts_id_seq', (select max(id) from public.posts)),
  setval('public.applications_id_seq', (select max(id) from public.applications)),
  setval('public.messages_id_seq', (select max(id) from public.messages)),
  setval('public.logs_id_seq', (select max(id) from public.logs)),
  setval('public.teams_id_seq', 5), setval('public.team_members_id_seq', 10), setval('private.payouts_id_seq', 10),
  setval('public.invoice_numbers', 1000 + 7 * 142), setval('public.countdown', -1000, false);

refresh materialized view public.tag_counts;
