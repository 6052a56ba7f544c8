/** Some damage by name: its SQL (run with triggers off), and exactly the sentences that a comparison must find. */
export type Damages = Record<string, [sql: string, ...expected: (string | RegExp)[]]>;

/** Damage to rows, and changes that are not damage. The database is filled with 60 posts. */
export const DAMAGED_ROWS: Damages = {
  nothing: ["select 1"],
  "other settings of the database": [
    "alter database damaged set datestyle = 'German'; alter database damaged set timezone = 'Asia/Tokyo'; alter database damaged set extra_float_digits = -3; alter database damaged set bytea_output = 'escape'",
  ],
  "another order of the rows": [
    "create table public.o as select * from public.page_views; alter table public.page_views disable rule page_views_are_final; delete from public.page_views; insert into public.page_views select * from public.o order by path desc nulls first; alter table public.page_views enable rule page_views_are_final; drop table public.o",
  ],
  "the recovery's own notes": ["create schema castchat_recovery; create table castchat_recovery.marker (id text)"],
  "the platform's own versions": ["insert into auth.schema_migrations values ('99999999999999')"],
  "a changed value": [
    "update public.messages set body = body || ' ' where id = 7",
    "Table public.messages has as many rows as before (120), but other values in them.",
  ],
  "minus zero became zero": [
    "update public.awkward_values set double_value = 0 where id = 53",
    /^Table public\.awkward_values has as many rows/,
  ],
  "the last digit of a double": [
    "update public.awkward_values set double_value = 0.3 where id = 54",
    /^Table public\.awkward_values has as many rows/,
  ],
  "an empty string became NULL": [
    "update public.awkward_values set text_value = null where id = 2",
    /^Table public\.awkward_values has as many rows/,
  ],
  "a swapped pair": [
    "update public.applications a set cover_letter = b.cover_letter from public.applications b where (a.id, b.id) in ((10, 11), (11, 10))",
    /^Table public\.applications has as many rows/,
  ],
  "a row moved to another partition's name": [
    "with moved as (delete from public.logs_info where id = (select min(id) from public.logs_info) returning *) insert into public.logs select id, 'debug', message, context, logged_at from moved",
    /^Table public\.logs_info has 1 row fewer/,
    /^Table public\.logs_other has 1 row more/,
  ],
  "one of two equal rows for another": [
    "alter table public.page_views disable rule page_views_are_final; delete from public.page_views where ctid in (select ctid from public.page_views where path = '/posts/1' limit 2); insert into public.page_views select '/posts/2', '2026-10-01' from generate_series(1, 2); alter table public.page_views enable rule page_views_are_final",
    /^Table public\.page_views has as many rows/,
  ],
  "rows lost": [
    "delete from public.application_history where id <= 12",
    "Table public.application_history has 12 rows fewer: 171, not 183.",
  ],
  "a row doubled": [
    "insert into public.notices select * from only public.notices where id = 1",
    "Table public.notices has 1 row more: 3, not 2.",
  ],
  "a lost row of Supabase's own table": [
    "delete from auth.sessions where id = (select min(id::text)::uuid from auth.sessions)",
    "Table auth.sessions has 1 row fewer: 2, not 3.",
  ],
};
