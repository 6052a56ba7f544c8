-- Everything that acts by itself: functions, triggers, views, row level security and rights.

-- Every new account gets a profile. All of it comes from the new row, so that a fill is the same every time.
create function public.handle_new_user() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.users (id, handle, email, display_name, bio, locale, skills, preferences, last_login_at, deleted_at, created_at, updated_at)
  values (
    new.id,
    coalesce(new.raw_user_meta_data ->> 'handle', 'user_' || replace(new.id::text, '-', '')),
    new.email,
    coalesce(new.raw_user_meta_data ->> 'display_name', split_part(new.email, '@', 1)),
    new.raw_user_meta_data ->> 'bio',
    coalesce(new.raw_user_meta_data ->> 'locale', 'ja'),
    array(select jsonb_array_elements_text(coalesce(new.raw_user_meta_data -> 'skills', '[]'))),
    coalesce(new.raw_user_meta_data -> 'preferences', '{}'),
    new.last_sign_in_at,
    new.deleted_at,
    coalesce(new.created_at, now()),
    coalesce(new.created_at, now())
  );
  return new;
end
$$;
comment on function public.handle_new_user() is 'Runs with its owner''s rights: auth knows nothing of public';

create function public.touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;

create function private.note_applications() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.application_history (application_id, status, changed_at)
  select id, status, coalesce(decided_at, applied_at) from changed order by id;
  return null;
end
$$;

-- Uses the reader's own rights on the posts: security invoker is the default.
create function public.search_posts(words text, most integer default 20) returns setof public.posts
  language sql stable set search_path = ''
as $$
  select * from public.posts
  where search @@ pg_catalog.plainto_tsquery('simple', words) and status = 'published'
  order by created_at desc limit most
$$;
create function public.applications_of(post bigint) returns bigint
  language sql stable security definer set search_path = ''
begin atomic
  select count(*) from public.applications where post_id = post;
end;
create procedure private.close_post(post bigint, at timestamptz)
  language sql
as $$ update public.posts set status = 'closed', closed_at = at where id = post $$;
create aggregate public.longest(text) (sfunc = pg_catalog.textcat, stype = text, initcond = '');

create trigger users_touched before update on public.users for each row execute function public.touch_updated_at();
create trigger posts_touched before update on public.posts
  for each row when (old.title is distinct from new.title or old.body is distinct from new.body)
  execute function public.touch_updated_at();
create trigger applications_sent after insert on public.applications
  referencing new table as changed for each statement execute function private.note_applications();
create trigger applications_changed after update on public.applications
  referencing new table as changed for each statement execute function private.note_applications();
-- Disabled on purpose: a restore must not enable it.
create trigger payouts_frozen before update on private.payouts for each row execute function public.touch_updated_at();
alter table private.payouts disable trigger payouts_frozen;

create view public.open_posts with (security_invoker = true) as
  select p.id, p.title, u.display_name as author, p.created_at
  from public.posts p join public.users u on u.id = p.author_id
  where p.status = 'published';
create view private.people as
  select id, email, deleted_at from public.users with local check option;
create materialized view public.tag_counts as
  select tag, count(*) as posts from public.posts, unnest(tags) as tag group by tag;
create unique index tag_counts_by_tag on public.tag_counts (tag);
create rule page_views_are_final as on delete to public.page_views do instead nothing;

alter table public.users enable row level security;
alter table public.posts enable row level security;
alter table public.applications enable row level security;
alter table public.messages enable row level security;
alter table private.payouts enable row level security;
alter table private.payouts force row level security;

create policy "profiles are readable" on public.users for select to anon, authenticated using (deleted_at is null);
create policy "own profile is writable" on public.users for update to authenticated
  using (id = auth.uid()) with check (id = auth.uid());
create policy "published posts are readable" on public.posts for select to anon, authenticated using (status = 'published');
create policy "own posts are readable" on public.posts for select to authenticated using (author_id = auth.uid());
create policy "own posts are written" on public.posts for insert to authenticated with check (author_id = auth.uid());
create policy "own posts are changed" on public.posts for update to authenticated
  using (author_id = auth.uid()) with check (author_id = auth.uid());
create policy "drafts stay private 下書き" on public.posts as restrictive for select to anon using (status <> 'draft');
create policy "applications of both sides" on public.applications for select to authenticated
  using (applicant_id = auth.uid() or exists (select from public.posts p where p.id = post_id and p.author_id = auth.uid()));
create policy "own applications" on public.applications for insert to authenticated with check (applicant_id = auth.uid());
create policy "own messages" on public.messages for all to authenticated
  using (auth.uid() in (sender_id, recipient_id)) with check (sender_id = auth.uid());
create policy "nobody" on private.payouts as restrictive for all to public using (false);

-- All rights are explicit, because a project's default privileges give more than the app wants.
revoke all on all tables in schema public from anon, authenticated;
revoke all on all sequences in schema public from anon, authenticated;
grant usage on schema public to anon, authenticated, service_role;
grant select on public.users, public.posts, public.open_posts, public.tag_counts to anon, authenticated;
grant insert (author_id, title, body, status, tags, details) on public.posts to authenticated;
grant update (title, body, status, closed_at) on public.posts to authenticated;
grant update (display_name, bio, skills) on public.users to authenticated;
grant select, insert on public.applications, public.messages to authenticated;
grant usage, select on sequence public.applications_id_seq, public.messages_id_seq to authenticated;
grant all on all tables in schema public to service_role;
grant all on all sequences in schema public to service_role;
grant usage on schema private to service_role;
grant select on private.payouts to service_role with grant option;
grant usage on type public.pay_range to authenticated;
revoke execute on function public.applications_of(bigint) from public, anon;
grant execute on function public.applications_of(bigint) to authenticated;
revoke execute on function private.note_applications() from public;
alter default privileges in schema private grant select on tables to service_role;
