-- What the app has put on tables that belong to Supabase: a new project comes without these.
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();

create policy "avatars are public" on storage.objects for select to anon, authenticated using (bucket_id = 'avatars');
create policy "own folder only" on storage.objects for insert to authenticated
  with check (bucket_id = 'attachments' and (string_to_array(name, '/'))[1] = auth.uid()::text);

-- A new project has this publication already, empty.
alter publication supabase_realtime add table public.messages, public.posts (id, title, status) where (id > 0);
