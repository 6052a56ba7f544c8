import { describe, expect, it } from "@jest/globals";

import { listPlatformAdditions } from "../../../../recovery/postgres/catalog/platformAdditions.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);
const listed = () => database.inSession(listPlatformAdditions);

describe("what the app has put into schemas of the platform", () => {
  it("is nothing in a new project", async () => {
    expect(await listed()).toEqual([]);
  });

  it("is named, with what of the backup needs it", async () => {
    await database.asSuperuser(`
      create table public.posts (id int, author uuid); create table public.free (id int);
      create function auth.is_admin() returns boolean language sql as 'select true'; alter function auth.is_admin() owner to postgres;
      create policy admins on public.posts using (auth.is_admin()); create policy admins on storage.objects using (auth.is_admin());
      create type extensions.mood as enum ('good'); alter type extensions.mood owner to postgres;
      create table public.diary (mood extensions.mood, made_by boolean default auth.is_admin());
      create view public.moods as select mood from public.diary; create view public.best as select * from public.moods where mood = 'good';
      create table storage.extra (id int); alter table storage.extra owner to postgres;
      create view auth.posting as select author from public.posts;

      create schema legacy authorization supabase_admin; create table legacy.orders (id int); create table legacy.unused (id int);
      create view public.orders as select id from legacy.orders;
      alter table auth.users add column nickname text`);
    const found = await listed();
    expect(found.map(({ what, neededBy }) => [what, neededBy])).toEqual([
      [
        "function auth.is_admin()",
        ["default value for public.diary.made_by", "policy admins on public.posts", "policy admins on storage.objects"],
      ],
      ["table legacy.orders", ["view public.orders"]],
      ["table storage.extra", undefined],
      [
        "type extensions.mood",
        ["default value for public.diary.made_by", "table public.diary", "view public.best", "view public.moods"],
      ],
      ["view auth.posting", undefined],
      ["the definition of column auth.users.nickname", undefined],
    ]);
    expect(found[0]!.why).toMatch(/platform's schema auth: move it into a schema of your own/);
    expect(found[1]!.why).toMatch(/schema legacy belongs to a role of the platform/);
  });
});
