import { describe, expect, it } from "@jest/globals";

import { forSuite } from "../../support/suite.ts";
import { startRoundTrip } from "../support/backingUp.ts";

const started = forSuite(startRoundTrip);

/** Owners that no role of the app's is: the platform, the role of whichever database it is, and one that names an operator only. */
const APP = `
  create table public.of_database (id int primary key); insert into public.of_database values (1); grant select on public.of_database to anon;
  alter table public.of_database owner to pg_database_owner;
  create role maker nologin; grant maker to postgres; grant create on schema public to maker;
  set role maker; create function public.same(boolean, boolean) returns boolean language sql immutable as 'select $1 = $2';
  create operator public.=== (leftarg = boolean, rightarg = boolean, function = public.same, negator = operator(public.!==)); reset role`;
const SUPERUSERS = `
  create table public.of_platform (id int primary key); insert into public.of_platform values (1), (2); grant select on public.of_platform to maker;
  alter default privileges for role pg_monitor in schema public grant select on tables to maker`;

describe("objects whose owner no restore can name", () => {
  it("come back, owned by the restoring role where only the platform could give them away, which the manifest says", async () => {
    const { database, target } = started;
    await database.query(APP);
    await database.asSuperuser(SUPERUSERS);
    const { leftOut } = await started.backUp();
    expect(leftOut).toContainEqual({
      what: "supabase_admin as the owner of table public.of_platform",
      why: "only that role of the platform could give them to itself: a restore gives them to the role that restores",
    });
    expect(leftOut).toContainEqual({ what: "default rights of role pg_monitor", why: "the role is PostgreSQL's own" });
    const { notes } = await started.restoreInto(target.url);
    expect(notes).toEqual([]);
    const owners =
      "select relname, relowner::regrole::text as owner from pg_class where relname in ('of_database', 'of_platform') order by 1";
    expect(await target.query(owners)).toEqual([
      { relname: "of_database", owner: "pg_database_owner" },
      { relname: "of_platform", owner: "postgres" },
    ]);
    expect(await target.query("select count(*)::int as n from public.of_platform")).toEqual([{ n: 2 }]);
    const operators =
      "select oprname, oprowner::regrole::text as owner from pg_operator where oprnamespace = 'public'::regnamespace and oprcode <> 0";
    expect(await target.query(operators)).toEqual([{ oprname: "===", owner: "maker" }]);
  }, 60_000);
});
