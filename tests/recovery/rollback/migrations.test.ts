import { describe, expect, it } from "@jest/globals";

import { type AppliedMigration, migrationsIn, schemaFit } from "../../../recovery/rollback/migrations.ts";

const createdAt = new Date("2026-07-01T02:00:00Z");
const migration = (version: string, ...statements: string[]): AppliedMigration => ({ version, name: "", statements });
const FIRST = migration("20260601000000", "drop table old");
const fit = (applied: readonly AppliedMigration[] | undefined, known?: readonly string[]) =>
  schemaFit({ applied, known, createdAt });

describe("an earlier deployment", () => {
  it("knows the migrations of its own source", () => {
    expect(
      migrationsIn([
        "supabase/migrations/20260601000000_first.sql",
        "apps/web/supabase/migrations/20260701000000.sql",
        "db/migrate/20260801000000_create_posts.rb",
        "supabase/migrations/README.md",
        "docs/20260901000000_migration.sql",
      ]),
    ).toEqual(["20260601000000", "20260701000000", "20260801000000"]);
  });

  it("fits a database that has had no other migration", () => {
    expect(fit([FIRST], ["20260601000000"]).fits).toBe("yes");
    expect(fit([FIRST], ["20260601000000", "20260801000000"]).fits).toBe("yes");
    expect(fit([], []).fits).toBe("yes");
  });

  it.each([
    ["create table public.tags (id bigint primary key, name text not null)"],
    [
      "create table public.tags (id bigint)",
      "create unique index on public.tags (id)",
      "alter table public.tags add check (id > 0)",
    ],
    ["-- more room\nalter table public.posts add column subtitle text"],
    ["alter table only public.posts add column views bigint not null default 0;"],
    ["create index on public.posts (views)", "comment on table public.posts is 'posts'", ""],
    ["create view public.recent as select 1"],
  ])("fits one whose newer migrations only add: %s", (...statements) => {
    const found = fit([FIRST, migration("20260702000000", ...statements)], ["20260601000000"]);
    expect(found).toEqual({
      fits: "yes",
      says: expect.stringMatching(/1 newer migrations, which only add: 20260702000000\./),
    });
  });

  it.each([
    ["alter table public.posts drop column body"],
    ["alter table public.posts rename column body to text"],
    ["alter table public.posts add column author uuid not null"],
    ["alter table public.posts add column a text, drop column b"],
    ["create unique index on public.posts (title)"],
    ["alter table public.posts add check (length(title) > 3)"],
    ["create table public.tags (id bigint); drop table public.posts"],
    ["create or replace function public.f() returns int language sql as 'select 1'"],
    ["create trigger t before insert on public.posts for each row execute function f()"],
    ["delete from public.posts"],
    ["create or replace view public.recent as select 1"],
    ["create index on public.posts (views)", "drop view public.recent"],
  ])("may not fit one whose newer migrations change something: %s", (...statements) => {
    const found = fit([FIRST, { ...migration("20260702000000", ...statements), name: "tidy" }], ["20260601000000"]);
    expect(found.fits).toBe("no");
    expect(found.says).toMatch(/1 migrations that this deployment may not work with \(.*\): 20260702000000 tidy\./);
  });

  it("may not fit where the database keeps no statements", () => {
    expect(fit([{ version: "20260702000000", name: "", statements: undefined }], []).fits).toBe("no");
    expect(fit([migration("20260702000000")], []).fits).toBe("no");
  });

  it("is compared by time without its source, and is never known to fit", () => {
    expect(fit([FIRST]).fits).toBe("unknown");
    expect(fit([migration("20260702000000", "drop table x")])).toMatchObject({
      fits: "no",
      says: expect.stringMatching(/by their numbers, since its source could not be read/),
    });
  });

  it("is not known to fit a database without a note of its migrations", () => {
    expect(fit(undefined, [])).toEqual({
      fits: "unknown",
      says: expect.stringMatching(/keeps no note of its migrations/),
    });
  });

  it("names a few of many", () => {
    const many = Array.from({ length: 8 }, (_, number) => migration(`2026070${number + 1}000000`, "drop table x"));
    expect(fit(many, []).says).toMatch(/8 migrations .*20260705000000, 3 more\./);
  });
});
