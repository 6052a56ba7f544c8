import { beforeAll, describe, expect, it } from "@jest/globals";

import type { ThrowawayPostgres } from "../../../recovery/postgres/session/throwawayPostgres.ts";
import { scratchThrowaway } from "../../../recovery/verify/throwaway/scratchThrowaway.ts";
import { forSuite } from "../../support/suite.ts";
import { startRoundTrip } from "../support/backingUp.ts";
import { contentOf, definitionOf } from "../support/sample.ts";
import { restoringInto, startThrowaways, wishFor } from "../support/throwaways.ts";

/** What an app on a hosted project has, beside what every project has (lab/sandbox/postgres): extensions, and an event trigger that closes each new table. */
const APP = `
  create table public.users (id uuid primary key); create table public.posts (id int primary key, title text not null, author uuid references public.users);
  alter table public.posts enable row level security; create policy open on public.posts for select using (true);
  insert into public.users values (gen_random_uuid()); insert into public.posts select n, 'post ' || n, null from generate_series(1, 20) n;
  create extension citext with schema extensions; create extension pg_trgm with schema public; alter table public.posts add column tag extensions.citext;
  create index on public.posts using gin (title public.gin_trgm_ops);
  create role reporting nologin; grant select on auth.users to reporting;
  grant execute on function extensions.gen_salt(text) to reporting with grant option;
  create function public.rls_auto_enable() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$ declare made record; begin
    for made in select * from pg_event_trigger_ddl_commands() where object_type = 'table' and schema_name = 'public' loop
      execute format('alter table %s enable row level security', made.object_identity); end loop; end $$`;
/** Supabase permits it to \`postgres\` (supautils), a plain server to superusers. */
const ENSURE_RLS = `create event trigger ensure_rls on ddl_command_end when tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO') execute function public.rls_auto_enable();
  comment on event trigger ensure_rls is 'closes each new table'`;
/** Of an older project's platform, which a new one has no longer, and the init scripts' user owns. */
const OF_OLDER_PLATFORM = `create function extensions.notify_api_restart() returns event_trigger language plpgsql as 'begin end';
  create event trigger api_restart on ddl_command_end execute function extensions.notify_api_restart();
  comment on event trigger api_restart is 'wakes the API'`;

const started = forSuite(startRoundTrip);
const locals = forSuite(startThrowaways);
let definition: string;
beforeAll(async () => {
  const { database } = started;
  await database.query(APP);
  definition = definitionOf(database.superuserUrl);
  await database.asSuperuser("alter role postgres superuser");
  await database.query(`${ENSURE_RLS}; ${OF_OLDER_PLATFORM}`);
  await database.asSuperuser("alter role postgres nosuperuser");
  await started.backUp();
}, 60_000);

describe("a hosted project, as Supabase's published scripts make it", () => {
  it("has a function of the app's that only an event trigger calls, and one that the platform's own does", async () => {
    const rows = await started.database.query(
      "select evtname as name, evtowner::regrole::text as owner from pg_event_trigger where evtname !~ '^supabase_refuse' order by 1",
    );
    expect(rows).toContainEqual({ name: "ensure_rls", owner: "postgres" });
    expect(rows).toContainEqual({ name: "issue_pg_net_access", owner: "postgres" });
    expect(rows).toContainEqual({ name: "pgrst_ddl_watch", owner: "supabase_admin" });
  });

  it.each<[string, () => Promise<ThrowawayPostgres>]>([
    ["a local throwaway", () => Promise.resolve(locals)],
    ["a plain scratch server", async () => scratchThrowaway((await locals.create(wishFor())).adminUrl)],
  ])(
    "is restored-proven on %s, which says what it could not check",
    async (_name, throwaways) => {
      const result = await started.check(started.vault, { restore: restoringInto(await throwaways()) });
      const { lines, notes } = result.restore!;
      expect(lines.filter(({ state }) => state === "not ok")).toEqual([]);
      expect(result.level).toBe("restored-proven");
      expect(notes).toEqual([]);
      expect(lines.find(({ what }) => what === "event triggers")).toEqual({
        item: "All tables present with correct schema",
        what: "event triggers",
        state: "not checked",
        detail: expect.stringMatching(/^not checked here: only superusers.*; left out here: ensure_rls$/),
      });
    },
    60_000,
  );

  it("comes back into another one, as stock pg_dump sees it", async () => {
    const { database, target } = started;
    // What supautils permits on Supabase, the sandbox can't.
    const more = { isTest: true, withoutEventTriggers: true };
    const { notes } = await started.restoreInto(target.url, started.vault, more);
    expect(notes).toEqual([]);
    expect(await contentOf(target.url)).toEqual(await contentOf(database.url));
    expect(definitionOf(target.superuserUrl)).toBe(definition);
  }, 60_000);
});
