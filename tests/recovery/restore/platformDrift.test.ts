import { beforeAll, describe, expect, it } from "@jest/globals";

import { forSuite } from "../../support/suite.ts";
import { startRestoring } from "../support/restoring.ts";

const USER = "00000000-0000-4000-8000-000000000001";
/** What the storage service had until its migration 0052 (storage.prefixes, level), and what no published migration makes. */
const OLDER = `
  alter table storage.objects add column level int;
  create table storage.prefixes (bucket_id text, name text, level int); grant all on storage.prefixes to postgres;
  insert into storage.buckets (id, name) values ('media', 'media');
  insert into storage.objects (bucket_id, name, level, user_metadata) values ('media', 'a/b.png', 2, '{"x": "tab\\t\\\\N"}'), ('media', 'c.png', 1, null);
  insert into storage.prefixes values ('media', 'a', 1);
  create table storage.buckets_vectors (id text primary key); grant select on storage.buckets_vectors to postgres; insert into storage.buckets_vectors values ('v');
  create table auth.closed (id int); insert into auth.closed values (1); grant select on auth.closed to postgres;
  alter table auth.users add column nickname text, add column unused text;
  insert into auth.users (id, email, nickname) values ('${USER}', 'a@example.com', E'Nick\\t"x"'), (gen_random_uuid(), 'b@example.com', null);
  create table auth.gone (id int); create table auth.kept (id int); insert into auth.kept values (1), (2);
  create table auth.oauth_clients (id uuid primary key, client_name text); insert into auth.oauth_clients values ('${USER}', 'one'); grant all on auth.gone, auth.kept, auth.oauth_clients to postgres;
  create table public.posts (id int primary key, author uuid references auth.users); insert into public.posts values (1, '${USER}')`;
/** A column without a default: supabase/auth, migration 20260121000000. */
const NEWER = `
  create table auth.oauth_clients (id uuid primary key, client_name text, token_endpoint_auth_method text not null); grant all on auth.oauth_clients to postgres;
  create table auth.closed (id int); grant select on auth.closed to postgres;
  alter table auth.users add column newer text not null default 'x'`;

const started = forSuite(startRestoring);
let saved: Awaited<ReturnType<typeof started.backUp>>;
beforeAll(async () => {
  await started.database.asSuperuser(OLDER);
  saved = await started.backUp();
  await started.target.asSuperuser(NEWER);
}, 60_000);

describe("a backup of an older version of the platform, in a project with a newer one", () => {
  it("has no rows that only a service may write, and says so", () => {
    expect(saved.leftOut).toContainEqual({
      what: "rows of storage.buckets_vectors",
      why: "only the storage service writes them: create vector buckets again through its API",
    });
  });

  it("is restored, and each loss is said with its reason", async () => {
    const { notes, lost } = await started.restore();
    const sorted = (all: readonly string[]) => [...all].sort();
    expect(sorted(lost)).toEqual([
      'Not restored: the 1 row of auth.closed, because the role "postgres" may not write to this table of the platform. The backup still has them.',
      "Not restored: the 1 row of auth.oauth_clients, because the target's table demands a value in the new column token_endpoint_auth_method, and the backup has none. Insert the rows by hand with a value for it (docs/restore-by-hand.md).",
      "Not restored: the 2 rows of auth.kept, because the target has no such table. The backup still has them.",
      "Not restored: the values of nickname in auth.users, because the target has no such column. The backup still has them.",
    ]);
    expect(sorted(notes.filter((note) => !lost.includes(note)))).toEqual([
      "Nothing is lost: the target has no column level of storage.objects. The platform has dropped it, and had computed it from other columns.",
      "Nothing is lost: the target has no column unused of auth.users. The backup has no value in it.",
      "Nothing is lost: the target has no table auth.gone. The backup has no rows of it.",
      "Nothing is lost: the target has no table storage.prefixes. The platform has dropped it, and had computed its rows from others.",
    ]);
    expect(notes).toEqual(expect.arrayContaining(lost));
  }, 60_000);

  it("has every other column of those tables, compared by fingerprint", async () => {
    const { target } = started;
    expect(await target.query("select name, user_metadata from storage.objects order by 1")).toEqual([
      { name: "a/b.png", user_metadata: { x: "tab\t\\N" } },
      { name: "c.png", user_metadata: null },
    ]);
    expect(await target.query("select email, newer from auth.users order by 1")).toEqual([
      { email: "a@example.com", newer: "x" },
      { email: "b@example.com", newer: "x" },
    ]);
    expect(await target.query("select id from public.posts")).toEqual([{ id: 1 }]);
  });

  it("is remembered, so that a second call says the same", async () => {
    expect((await started.restore()).lost).toHaveLength(4);
  }, 60_000);
});
