-- The app's objects on Supabase's tables, which a new project lacks.
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();

create policy "avatars are public" on storage.objects for select to anon, authenticated using (bucket_id = 'avatars');
create policy "own folder only" on storage.objects for insert to authenticated
  with check (bucket_id = 'attachments' and (string_to_array(name, '/'))[1] = auth.uid()::text);

-- Users who may listen and send on a private channel of Realtime.
create policy "applicants hear of their application" on realtime.messages for select to authenticated
  using (exists (select from public.applications a where a.applicant_id = auth.uid() and realtime.topic() = 'application:' || a.id));

-- A new project already has this publication, empty.
alter publication supabase_realtime add table public.messages, public.posts (id, title, status) where (id > 0);

-- Jobs that write by themselves: a recovery must not start them before they are released.
create extension pg_cron;
select cron.schedule('expire applications', '15 * * * *', $$
  update public.applications set status = 'withdrawn' where status = 'sent' and applied_at < now() - interval '180 days'$$);
select cron.alter_job(cron.schedule('weekly digest', '0 9 * * 1', $$insert into public.logs (level, message, logged_at) values ('info', 'ダイジェスト送信', now())$$), active => false);

-- A key that a function would use; not a real one.
select vault.create_secret('sample-only-not-a-key 鍵', 'payments_key', 'Made up for the sandbox');
