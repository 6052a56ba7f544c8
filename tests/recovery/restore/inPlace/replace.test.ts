import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import pg from "pg";

import { assess } from "../../../../recovery/assess/assess.ts";
import type { BackupResult } from "../../../../recovery/backup/backup.ts";
import { digestObjects } from "../../../../recovery/postgres/catalog/objects.ts";
import { connect } from "../../../../recovery/postgres/session/database.ts";
import type { ReplaceOptions } from "../../../../recovery/restore/inPlace/replaceSteps.ts";
import { restoreTables } from "../../../../recovery/restore/tables/restoreTables.ts";
import { PromiseError, UserError } from "../../../../services/common/errors.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { abortAt, childOf, doAt, INTERRUPTION, killedAt } from "../../support/killing.ts";
import { startLive } from "../../support/live.ts";
import { contentOf, definitionOf, fillSample, recoveryLogOf, vaultWithout } from "../../support/sample.ts";
import { stopWatching, watch } from "../../support/watching.ts";

const live = forSuite(startLive);
let saved: BackupResult;
let wanted: State;
let damaged: State;

/** All that can be read of a database, by stock pg_dump and by the test's own queries. */
type State = Awaited<ReturnType<typeof stateOf>>;

async function stateOf() {
  return {
    content: await contentOf(live.url),
    // Rights have no order.
    definition: definitionOf(live.superuserUrl).split("\n").sort().join("\n"),
    objects: await live.inSession(digestObjects),
    roles: await live.asSuperuser<{
      rolname: string;
      of: string[];
    }>(`select rolname, rolcanlogin, rolconfig, array(select g.rolname || ' ' || m.admin_option from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1) as of
       from pg_roles r where rolname !~ '^pg_' order by 1`),
    largeObjects: await live.asSuperuser(
      "select loid::int, encode(data, 'hex') as data from pg_largeobject order by 1",
    ),
    open: await live.asSuperuser(
      "select (select array_agg(a::text order by a::text) from pg_database d, unnest(d.datacl) a where datname = current_database()) as acl, (select count(*)::int from pg_db_role_setting where setdatabase <> 0) as settings",
    ),
  };
}

/** Wherever rows, definitions, roles or rights can differ, they do. */
const DAMAGE = `
  update public.posts set title = 'wrong' where id % 2 = 0; drop table public.messages cascade; alter table public.users drop column bio;
  create schema later; create table later.things (id serial primary key, at timestamptz default now()); insert into later.things default values;
  create type later.later_range as range (subtype = int4); create type public.later_kind as enum ('a', 'b'); create domain public.later_domain as int; create function public.later(int) returns int language sql as 'select $1';
  create table public.ranges (id int primary key, r later.later_range default '[1,2)', k public.later_kind[], d public.later_domain, n int references public.teams (id));
  create role "Later Role" login; grant "Later Role" to postgres; grant usage, create on schema later to "Later Role";
  alter table later.things owner to "Later Role"; grant select on auth.users to "Later Role";
  alter default privileges in schema public revoke all on tables from anon; alter default privileges grant execute on functions to "Later Role";
  alter default privileges in schema later grant select on tables to anon;
  create publication later_rows for table public.posts; drop publication partners;
  drop policy "applicants hear of their application" on realtime.messages; create policy "later" on realtime.messages for insert to authenticated with check (exists (select from public.ranges));
  drop policy "avatars are public" on storage.objects; create policy "later" on storage.objects for select to anon using (false);
  drop trigger on_auth_user_created on auth.users; drop schema gone cascade; comment on schema public is 'later';
  update auth.users set email = id || '@later.example'; set storage.allow_delete_query = true; delete from storage.objects;
  select lo_unlink(oid) from pg_largeobject_metadata; select lo_from_bytea(0, '\\xbeef');
  revoke usage on schema public from anon; grant usage on schema public to "Later Role"`;

beforeAll(async () => {
  await fillSample(live.url, 60);
  await live.query(`create role reporting nologin; grant reporting to postgres; create schema gone; grant create, usage on schema gone to reporting;
     create table gone.reports (id int primary key); alter table gone.reports owner to reporting; revoke reporting from postgres;
     create publication partners for table public.posts (id, title); select lo_from_bytea(0, '\\xcafe')`);
  await live.asSuperuser("alter role authenticator password 'api'");
  saved = await live.save();
  wanted = await stateOf();
}, 60_000);
beforeEach(async () => {
  await live.query("grant reporting to postgres");
  await live.query(DAMAGE);
  await live.query('drop owned by reporting; drop role reporting; revoke "Later Role" from postgres');
  damaged = await stateOf();
}, 30_000);
afterEach(async () => {
  stopWatching();
  // Whatever a test has left, the next one begins with the backup's state.
  await live.goBack();
  if ((await live.query("select from pg_namespace where nspname = 'later'")).length > 0) await replace();
  const later = await live.query("select from pg_roles where rolname = 'Later Role'");
  if (later.length > 0) await live.asSuperuser('drop owned by "Later Role"; drop role "Later Role"');
}, 60_000);

const replace = (more: Partial<ReplaceOptions> = {}) => live.replace({ backupId: saved.backupId, ...more });
const killAt = (phase: string, afterMs: number) =>
  killedAt(childOf("replaceChild"), live.order(live.url, { backupId: saved.backupId }), { phase, afterMs });

async function expectNew(): Promise<void> {
  const { roles, ...state } = await stateOf();
  const { roles: wantedRoles, ...rest } = wanted;
  // A role of the live database that the backup lacks stays. It has lost its rights with the objects that they were on.
  const known = roles
    .filter(({ rolname }) => rolname !== "Later Role")
    .map((role) => ({ ...role, of: role.of.filter((one) => !one.startsWith("Later Role")) }));
  expect(known).toEqual(wantedRoles);
  expect(state).toEqual(rest);
  await expectNothingLeft();
}
async function expectOld(): Promise<void> {
  expect(await stateOf()).toEqual(damaged);
  await expectNothingLeft();
}
async function expectNothingLeft(): Promise<void> {
  const left =
    await live.asSuperuser(`select nspname as name from pg_namespace where nspname like 'castchat!_aside%' escape '!' union all select pubname from pg_publication where pubname like 'castchat%'
     union all select restore_id from castchat_recovery.replacement union all select holder from castchat_recovery.gate
     union all select application_name from pg_stat_activity where application_name like 'castchat-recovery%'`);
  expect(left).toEqual([]);
}

/** The address of the platform's login. */
const apiUrl = () => live.url.replace(/\/\/postgres:[^@]*@/, "//authenticator:api@");
/** Begins to read as a client of the API does. */
const watchAsApi = () =>
  watch(
    apiUrl(),
    `select (select md5(string_agg(p::text, ',' order by id)) from public.posts p) || (select count(*) from public.applications) ||
       (select count(*) from private.payouts) || (select count(*) from public.tag_counts) as what`,
    { prepare: "set role service_role", pauseMs: 20 },
  );

describe("replacement of a live database", () => {
  it("puts back all of a backup's state, while clients see the old state, refusals, and the new one", async () => {
    const client = watchAsApi();
    await client.hasSeen(1);
    const said: string[] = [];
    const result = await replace({
      confirm: (danger) => {
        said.push(...danger.lines);
        expect(danger.names).toEqual([`127.0.0.1:${live.port}/postgres`]);
        return Promise.resolve();
      },
      saveFirst: live.saveFirst,
    });
    await client.hasSeen(2);
    const { seen, refused } = await client.stop();
    await expectNew();
    expect(refused).toBeGreaterThan(0);
    expect(seen).toBe(2);
    expect(said).toContain("public.posts: all of its 60 rows; the backup brings 60.");
    expect(said.filter((line) => line.includes(": all of its 0 rows"))).toEqual([]);
    expect(result).toMatchObject({ backupId: saved.backupId, posts: 60, tables: saved.tables, rows: saved.rows });
    expect(result.phases.map(({ name }) => name)).toEqual([
      ...["claim", "gate", "safety backup", "aside", "download", "extensions", "roles", "schema", "data"],
      ...["constraints", "checks", "switch", "open", "clean up"],
    ]);
    // The safety backup brings back what was there before.
    await replace({ backupId: result.safetyBackupId });
    const contentsOf = ({ content, objects, largeObjects }: State) => ({ content, objects, largeObjects });
    expect(contentsOf(await stateOf())).toEqual(contentsOf(damaged));
    expect((await recoveryLogOf(live.vault)).at(-1)!.entry).toMatchObject({ what: "replacement", result: "done" });
  }, 90_000);

  it("brings the old state back when anything fails, and says so", async () => {
    const client = watchAsApi();
    await expect(replace({ vault: vaultWithout(live.vault, "/data/") })).rejects.toThrow(
      /is missing from the vault.*the old state is back, whole, and the gate is open\./,
    );
    await expectOld();
    for (const [kind, fault] of [
      [PromiseError, new Error("No backup.")],
      [UserError, new UserError("No backup.")],
    ] as const) {
      const failing = replace({ saveFirst: () => Promise.reject(fault) });
      await expectRefusal(failing, kind, "No backup. The database: the old state is back");
      await expectOld();
    }
    const refusal = () => Promise.reject(new UserError("It was not confirmed."));
    await expect(replace({ confirm: refusal })).rejects.toThrow("It was not confirmed.");
    const aborting = abortAt("Comparing every", INTERRUPTION);
    await expect(replace(aborting)).rejects.toThrow("interrupted");
    expect(aborting.said.at(-1)).toMatch(/the old state is back, whole, and the gate is open/);
    await expectOld();
    const { seen } = await client.stop();
    expect(seen).toBe(1);
  }, 90_000);

  it("lets no session write from before the safety backup on, and no role into a schema of the app while it restores", async () => {
    const client = await connect(apiUrl(), { applicationName: "test client" });
    const found: unknown[] = [];
    const look = async () => {
      found.push((await Promise.allSettled([client.query("select 1")]))[0].status);
      found.push(await connect(apiUrl(), { applicationName: "test client" }).catch((error: unknown) => error));
      return "20260101T000000Z-000000";
    };
    const { reporter, done: reached } = doAt("Restoring ", () =>
      live.asSuperuser(`select n.nspname, r.rolname from pg_namespace n, pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role')
           and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'extensions', 'auth', 'storage', 'realtime', 'vault', 'cron', 'graphql_public', 'graphql')
           and has_schema_privilege(r.oid, n.oid, 'usage') order by 1, 2`),
    );
    await replace({ saveFirst: look, reporter });
    await client.end();
    expect(found).toEqual([
      "rejected",
      expect.objectContaining({ message: expect.stringContaining("no right to connect") }),
    ]);
    expect(await reached()).toEqual([]);
    await expectNew();
  }, 60_000);

  /** Whether a session was terminated, or its connection closed by the server. */
  const isThrownOut = (failure: unknown): boolean => {
    const { code, message, cause } = failure as Error & { code?: string };
    if (code === "57P01" || code === "ECONNRESET" || /^Connection terminated|is not queryable$/.test(message))
      return true;
    return cause instanceof Error && isThrownOut(cause);
  };

  it("ends sessions that log in meanwhile with the owner's own password", async () => {
    const intruder = { ended: false, came: false };
    let intruding: Promise<void> | undefined;
    const stay = async (client: pg.Client): Promise<never> => {
      await client.connect();
      intruder.came = true;
      for (;;) await client.query("select pg_sleep(0.05)");
    };
    const intrude = async () => {
      // Not by connect(), whose sessions are this process's own.
      const client = new pg.Client({ connectionString: live.url, application_name: "castchat-recovery restore" });
      client.on("error", () => undefined);
      const failure: unknown = await stay(client).catch((error: unknown) => error);
      await client.end().catch(() => undefined);
      // On a busy machine it is ended, or its connection is closed, while it still logs in: then it was there as well.
      intruder.ended = isThrownOut(failure);
      intruder.came ||= intruder.ended;
    };
    let cameBefore = false;
    const reporter = (message: string) => {
      if (message.startsWith("Restoring ")) intruding = intrude();
      if (message.startsWith("Opening the gate")) cameBefore = intruder.came;
    };
    await replace({ reporter });
    await intruding;
    expect({ ...intruder, cameBefore }).toEqual({ came: true, ended: true, cameBefore: true });
    await expectNew();
  }, 60_000);

  it("does not make a state live that is not the backup's: all of it is compared again in the last transaction", async () => {
    // Nothing keeps a superuser out.
    const meddling = doAt("Making indexes", () =>
      live.asSuperuser("create function public.stray() returns int language sql as 'select 1'"),
    );
    await expect(replace({ reporter: meddling.reporter })).rejects.toThrow(
      /is not what backup \S+ holds: .*function public\.stray\(\) is not in the backup.*the old state is back, whole/,
    );
    await meddling.done();
    await expectOld();
  }, 60_000);

  it("never takes its own safety backup for the state to go back to", async () => {
    const call = (more: Partial<ReplaceOptions>) =>
      replace({ backupId: undefined, saveFirst: live.saveFirst, ...more });
    const failing = abortAt("Restoring", new Error("the network is gone"));
    await expect(call(failing)).rejects.toThrow("the network is gone");
    await expectOld();
    // The same command again. By now the vault has a backup of the damage, newer than the wanted state.
    expect((await call({})).backupId).toBe(saved.backupId);
    await expectNew();
  }, 60_000);

  it("goes back to the complete old state after a kill -9 at any of its states", async () => {
    const client = watchAsApi();
    for (const [phase, afterMs] of [
      ["Closing", 15],
      ["Taking a backup", 60],
      ["Setting", 25],
      ["Making types", 40],
      ["Restoring", 40],
      ["Making indexes", 150],
      ["Making the new state live", 0],
    ] as const) {
      await killAt(phase, afterMs);
      expect(await live.goBack()).toEqual({ state: "old", stillClosed: false });
      await expectOld();
    }
    const { seen } = await client.stop();
    expect(seen).toBe(1);
  }, 120_000);

  it("continues to the complete new state after kills -9 at each of its states", async () => {
    const later = await live.save();
    const client = watchAsApi();
    await client.hasSeen(1);
    const phases = ["Closing", "Setting", "Making types", "Restoring", "Making indexes", "Comparing every", "Opening"];
    for (const phase of phases) {
      await killAt(phase, 20);
      if (phase !== "Restoring") continue;
      await expect(live.save()).rejects.toThrow("so it holds a half-restored state");
      const assessing = assess({ ...live.common, databaseUrl: live.url });
      await expect(assessing).rejects.toThrow("so it holds a half-restored state");
      const some = restoreTables({ ...live.replacing(live.url), tables: ["public.posts"] });
      await expect(some).rejects.toThrow("is under way");
    }
    await expect(replace({ backupId: "20260101T000000Z-000001" })).rejects.toThrow("is under way");
    const byTime = replace({ backupId: undefined, at: new Date(later.snapshotAt) });
    await expect(byTime).rejects.toThrow(`is under way, not by ${later.backupId}`);
    await replace();
    await client.hasSeen(2);
    const { seen } = await client.stop();
    await expectNew();
    expect(seen).toBe(2);
    expect(await live.goBack()).toEqual({ state: "nothing", stillClosed: false });
  }, 120_000);
});
