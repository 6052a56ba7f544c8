import type { Damages } from "./damagedRows.ts";

/** Damage to sequences and definitions. */
export const DAMAGED_DEFINITIONS: Damages = {
  "a missing table": [
    "drop table public.urgent_notices",
    /^Table public\.urgent_notices is missing, with 2 rows\.$/,
    "The table public.urgent_notices is missing.",
    "The rights on table public.urgent_notices are missing.",
  ],
  "a table too many": [
    "create table public.extra (id int)",
    "Table public.extra has appeared, with 0 rows.",
    "The table public.extra has appeared.",
    "The rights on table public.extra have appeared.",
  ],
  "a sequence that was not restored": [
    "alter sequence public.invoice_numbers restart",
    "Sequence public.invoice_numbers stands at 1000 (not called yet), not at 1994.",
  ],
  "a sequence of Supabase's own": [
    "select setval('auth.refresh_tokens_id_seq', 1, false)",
    "Sequence auth.refresh_tokens_id_seq stands at 1 (not called yet), not at 3.",
  ],
  "a sequence's step": [
    "alter sequence public.invoice_numbers increment by 1",
    /^The sequence public\.invoice_numbers is “.*by 1, .*”, not “.*by 7/,
  ],
  "a missing policy": [
    `drop policy "own posts are written" on public.posts`,
    `The policy public.posts."own posts are written" is missing.`,
  ],
  "a missing policy on Supabase's table": [
    `drop policy "own folder only" on storage.objects`,
    `The policy storage.objects."own folder only" is missing.`,
  ],
  "a policy for others": [
    `alter policy "own posts are written" on public.posts to public`,
    /^The policy public\.posts\."own posts are written" is “.*to PUBLIC/,
  ],
  "row security off": [
    "alter table public.posts disable row level security",
    /^The table public\.posts is “.*row security off.*”, not “.*row security on/,
  ],
  "row security not forced": [
    "alter table private.payouts no force row level security",
    /^The table private\.payouts is /,
  ],
  "a missing trigger": [
    "drop trigger applications_sent on public.applications",
    "The trigger public.applications.applications_sent is missing.",
  ],
  "a missing trigger on Supabase's table": [
    "drop trigger on_auth_user_created on auth.users",
    "The trigger auth.users.on_auth_user_created is missing.",
  ],
  "a trigger switched on": [
    "alter table private.payouts enable trigger payouts_frozen",
    /^The trigger private\.payouts\.payouts_frozen is “state O/,
  ],
  "a missing right": [
    "revoke select on public.posts from anon",
    "The rights on table public.posts differ: anon lacks SELECT.",
  ],
  "a right too many": [
    "grant truncate on public.posts to anon",
    "The rights on table public.posts differ: anon also has TRUNCATE.",
  ],
  "a missing right on a column": [
    "revoke insert (title) on public.posts from authenticated",
    "The rights on table public.posts differ: authenticated lacks INSERT (title).",
  ],
  "default rights that the source never gave": [
    "grant all on public.teams to anon; grant select on private.payouts to anon with grant option",
    "The rights on table private.payouts differ: anon also has SELECT*.",
    "The rights on table public.teams differ: anon also has DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE.",
  ],
  "a missing right on a function": [
    "revoke execute on function public.applications_of from authenticated",
    "The rights on function public.applications_of(post bigint) differ: authenticated lacks EXECUTE.",
  ],
  "default privileges": [
    "alter default privileges for role postgres in schema private revoke select on tables from service_role",
    "The default privileges for postgres in private on r are missing.",
  ],
  "another owner": [
    "alter view public.open_posts owner to supabase_admin",
    /^The view public\.open_posts has another definition/,
    /^The rights on view public\.open_posts/,
  ],
  "a missing index": ["drop index public.posts_title_trigrams", "The index public.posts_title_trigrams is missing."],
  "a missing constraint": [
    "alter table public.teams drop constraint teams_leader",
    "The constraint public.teams.teams_leader is missing.",
  ],
  "a missing default": [
    "alter table public.users alter column locale drop default",
    /^The column public\.users\.locale is /,
  ],
  "another type": [
    "alter table public.users alter column locale type varchar(8)",
    /^The column public\.users\.locale is “.*character varying\(8\)/,
  ],
  "a function's body": [
    "create or replace function public.touch_updated_at() returns trigger language plpgsql as 'begin return new; end'",
    "The function public.touch_updated_at() has another definition.",
  ],
  "an enum label": ["alter type public.post_status add value 'hidden'", /^The type public\.post_status is /],
  "a comment": ["comment on table public.users is null", "The comment table public.users is missing."],
  "an extension": [
    "drop extension pg_trgm cascade",
    "The extension pg_trgm is missing.",
    "The index public.posts_title_trigrams is missing.",
  ],
  "a publication's table": [
    "alter publication supabase_realtime drop table public.messages",
    /^The publication supabase_realtime is /,
  ],
  "a missing rule, statistics and collation's index": [
    "drop rule page_views_are_final on public.page_views; drop statistics public.posts_status_by_author",
    "The rule public.page_views.page_views_are_final is missing.",
    "The statistics public.posts_status_by_author is missing.",
  ],
};
