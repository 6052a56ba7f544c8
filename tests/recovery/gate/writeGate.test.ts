import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import pg from "pg";

import { findReplacement } from "../../../recovery/gate/replacement.ts";
import { closeGate, type CloseGateOptions, gateState, letAuthIn, openGate } from "../../../recovery/gate/writeGate.ts";
import { digestObjects } from "../../../recovery/postgres/catalog/objects.ts";
import { connect, type Session } from "../../../recovery/postgres/session/database.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { brisk } from "../../support/timing.ts";
import { runUntilKilled } from "../support/killing.ts";

let session: Session;
const database = forSuite(startTestDatabase);
const clients: pg.Client[] = [];

const STOP = { holder: "writes stop", level: "writes" } as const;
const RESTORE = { holder: "restore 1", level: "all" } as const;

beforeAll(async () => {
  await database.asSuperuser(`
    alter role supabase_auth_admin password 'auth'; alter role authenticator password 'api';
    alter role pgbouncer password 'pool'; create role app login password 'app'; create role guest login password 'guest';
    grant app to postgres with admin true; grant connect on database postgres to app with grant option;
    set role app; grant connect on database postgres to guest; reset role;
    alter role postgres in database postgres set default_transaction_read_only = off`);
  await database.query(
    "create schema private; create table public.posts (id int); grant usage on schema private to app",
  );
}, 30_000);

beforeEach(async () => {
  session = await connect(database.url, { applicationName: "castchat-recovery test", timing: brisk });
});
afterEach(async () => {
  const made = await database.asSuperuser("select where to_regclass('castchat_recovery.gate') is not null");
  if (made.length > 0) await database.asSuperuser("delete from castchat_recovery.gate");
  await session.end();
  // The gate has ended some of them.
  for (const one of clients.splice(0)) await one.end().catch(() => undefined);
});

const urlOf = (username: string, password: string) => Object.assign(new URL(database.url), { username, password }).href;

/** A session of the app, or of one of Supabase's services. */
async function client(user: string, password?: string): Promise<pg.Client> {
  const connectionString = password === undefined ? database.url : urlOf(user, password);
  const made = new pg.Client({ connectionString, application_name: "castchat" });
  made.on("error", () => undefined);
  clients.push(made);
  await made.connect();
  return made;
}
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "none",
    (error: unknown) => (error as { code?: string }).code ?? error,
  );
const INSERT = "insert into public.posts values (1)";
const DENIED = "42501";
const READ_ONLY = "25006";

const stop = () => closeGate(session, STOP);
const open = () => openGate(session, STOP.holder);

/** Everything that a closing may change, as it lies in the catalogs. */
async function rights(): Promise<unknown> {
  const [row] = await database.asSuperuser(
    `select (select array_agg(acl::text order by acl::text) from pg_database d, unnest(d.datacl) acl where datname = 'postgres') as database,
       (select jsonb_agg(s order by s::text) from pg_db_role_setting s) as settings,
       (select jsonb_object_agg(nspname, (select array_agg(acl::text order by acl::text) from unnest(nspacl) acl)) from pg_namespace) as schemas,
       (select jsonb_object_agg(rolname, has_database_privilege(oid, 'postgres', 'connect')) from pg_roles) as connecting`,
  );
  return row;
}
/** The same without what may differ between two equal states: who has granted, and that a default is now written out. */
const withoutGrantors = (found: unknown): unknown => JSON.parse(JSON.stringify(found).replaceAll(/\/\w+"/g, '"'));
const effectiveRights = async () => withoutGrantors(await rights());

describe("a closed gate", () => {
  it("lets no other session write, lets the owner read, and leaves us in", async () => {
    const app = await client("postgres");
    const closed = await stop();
    expect(closed).toMatchObject({ wasClosed: false, sessionsEnded: 1, layer: { sessionsEnded: true } });
    await expect(app.query("select 1")).rejects.toThrow();
    const again = await client("postgres");
    expect(await codeOf(again.query(INSERT))).toBe(READ_ONLY);
    expect((await again.query("select count(*)::int as n from public.posts")).rows).toEqual([{ n: 0 }]);
    const others = { supabase_auth_admin: "auth", authenticator: "api", app: "app", guest: "guest" };
    for (const [user, password] of Object.entries(others))
      expect([user, await codeOf(client(user, password))]).toEqual([user, DENIED]);
    await (await client("pgbouncer", "pool")).query("select 1");
    const own = await connect(database.url, { applicationName: "castchat-recovery other" });
    await own.query(`begin; ${INSERT}; rollback`);
    await own.end();
    await open();
  });

  it("leaves its own other sessions connected, and none that only calls itself as they do", async () => {
    const own = await connect(database.url, { applicationName: "any name" });
    const others = [await client("postgres"), await client("app", "app")];
    for (const name of ["castchat-recovery restore 1", "Supavisor - castchat-recovery restore 1"])
      for (const one of others) await one.query(`set application_name = '${name}'`);
    expect(await stop()).toMatchObject({ sessionsEnded: 2 });
    for (const one of others) expect(await codeOf(one.query(INSERT))).not.toBe("none");
    expect(await own.query("select 1 as one")).toEqual([{ one: 1 }]);
    await own.end();
    await open();
  });

  it("shows in no definition that a backup holds", async () => {
    const before = await digestObjects(session);
    expect(Object.keys(before).length).toBeGreaterThan(3);
    await stop();
    expect(await digestObjects(session)).toEqual(before);
    await open();
  });

  it("is opened to exactly what it was, also when closed twice", async () => {
    const before = await effectiveRights();
    await stop();
    const once = await rights();
    expect(withoutGrantors(once)).not.toEqual(before);
    expect(await stop()).toMatchObject({ wasClosed: true });
    expect(await rights()).toEqual(once);
    const stale = await client("postgres");
    const opened = { wasClosed: true, stillClosed: false, gone: [], sessionsEnded: 1 };
    expect(await open()).toEqual(opened);
    expect(await effectiveRights()).toEqual(before);
    // What came in while the gate was closed would be read-only for ever.
    await expect(stale.query("select 1")).rejects.toThrow();
    await (await client("postgres")).query(`begin; ${INSERT}; rollback`);
    expect(await open()).toMatchObject({ wasClosed: false });
  });

  it("lets only the auth service in when asked to", async () => {
    const before = await effectiveRights();
    await expect(letAuthIn(session, STOP.holder)).rejects.toThrow(UserError);
    await stop();
    expect(await letAuthIn(session, STOP.holder)).toBe(true);
    expect(await letAuthIn(session, STOP.holder)).toBe(false);
    const auth = await client("supabase_auth_admin", "auth");
    await auth.query("begin; delete from auth.sessions; rollback");
    expect(await codeOf(client("authenticator", "api"))).toBe(DENIED);
    expect(await codeOf((await client("postgres")).query(INSERT))).toBe(READ_ONLY);
    // Closed again, it is out again.
    await stop();
    expect(await codeOf(client("supabase_auth_admin", "auth"))).toBe(DENIED);
    await open();
    expect(await effectiveRights()).toEqual(before);
  });
});

describe("a restore on top of it", () => {
  it("takes the schemas' USAGE too, and only the last closing can be opened", async () => {
    const before = await effectiveRights();
    await stop();
    const stopped = await rights();
    await closeGate(session, { ...RESTORE, level: "writes" });
    await closeGate(session, RESTORE);
    const app = await client("postgres");
    expect(await codeOf(app.query("set role authenticated; select from public.posts"))).toBe(DENIED);
    expect((await gateState(session)).layers.map(({ holder, level }) => [holder, level])).toEqual([
      ["writes stop", "writes"],
      ["restore 1", "all"],
    ]);
    await expect(open()).rejects.toThrow(/"restore 1" keeps the gate closed/);
    await expect(letAuthIn(session, STOP.holder)).rejects.toThrow(UserError);
    expect(await openGate(session, RESTORE.holder)).toMatchObject({ wasClosed: true, stillClosed: true });
    expect(await effectiveRights()).toEqual(withoutGrantors(stopped));
    expect(await codeOf(app.query(INSERT))).not.toBe("none");
    await open();
    expect(await effectiveRights()).toEqual(before);
  });

  it("leaves the rights of a schema that was put in another's place as they are", async () => {
    await session.query("create schema shop; grant usage on schema shop to app, guest");
    await closeGate(session, RESTORE);
    await session.query("alter schema shop rename to shop_old");
    await session.query("create schema shop; grant usage on schema shop to guest");
    await openGate(session, RESTORE.holder);
    const rows = await database.asSuperuser(
      `select has_schema_privilege('app', 'shop_old', 'usage') as old, has_schema_privilege('app', 'shop', 'usage') as new`,
    );
    expect(rows).toEqual([{ old: true, new: false }]);
    await session.query("drop schema shop; drop schema shop_old");
  });

  it("says which role is gone that had a right, and opens all the same", async () => {
    await database.asSuperuser("create role passing login; grant connect on database postgres to passing");
    await stop();
    await database.asSuperuser("drop role passing");
    expect(await open()).toMatchObject({ gone: ["the role passing is gone"] });
  });
});

describe("an interruption", () => {
  /** A session that breaks when it is to do that. */
  const breaking = (at: RegExp): Session => ({
    ...session,
    query: (text, values) => (at.test(text) ? Promise.reject(new Error("killed")) : session.query(text, values)),
  });

  it("while it closes leaves all as it was, or closed with older sessions that the next run ends", async () => {
    const app = await client("postgres");
    const before = await rights();
    await expect(closeGate(breaking(/insert into castchat_recovery.gate/), STOP)).rejects.toThrow("killed");
    expect(await rights()).toEqual(before);
    await expect(closeGate(breaking(/pg_terminate_backend/), STOP)).rejects.toThrow("killed");
    expect(await gateState(session)).toMatchObject({ layers: [{ sessionsEnded: false }], olderSessions: 1 });
    await app.query("select 1");
    expect(await stop()).toMatchObject({ wasClosed: true, sessionsEnded: 1 });
    expect(await gateState(session)).toMatchObject({ layers: [{ sessionsEnded: true }], olderSessions: 0 });
    await open();
  });

  it("while it opens is continued, and rights are put back once", async () => {
    const before = await effectiveRights();
    await stop();
    const app = await client("postgres");
    await expect(openGate(breaking(/pg_terminate_backend/), STOP.holder)).rejects.toThrow("killed");
    expect(await gateState(session)).toMatchObject({ layers: [{ opening: true }] });
    await expect(stop()).rejects.toThrow(/is being opened/);
    expect(await open()).toMatchObject({ wasClosed: true, sessionsEnded: 1 });
    await expect(app.query("select 1")).rejects.toThrow();
    expect(await effectiveRights()).toEqual(before);
    expect((await gateState(session)).layers).toEqual([]);
  });
});

describe("kill -9", () => {
  const CHILD = fileURLToPath(new URL("../support/gateChild.ts", import.meta.url));

  /** The child is another run, which ends this one's sessions. */
  const killed = async (what: "close" | "open", afterMs: number) => {
    await runUntilKilled(CHILD, { what, url: database.url }, { phase: "connected", afterMs });
    await session.end();
    session = await connect(database.url, { applicationName: "castchat-recovery test", timing: brisk });
  };

  it("at any moment leaves the gate open, or closed with a record that the next run continues with", async () => {
    const before = await effectiveRights();
    const seen = new Set<string>();
    for (const afterMs of [0, 5, 10, 15, 25, 40, 80, 200]) {
      const app = await client("postgres");
      await killed("close", afterMs);
      await sleep(50);
      const { layers } = await gateState(session);
      const isOpen = JSON.stringify(await effectiveRights()) === JSON.stringify(before);
      seen.add(isOpen ? "open" : "closed");
      expect([afterMs, isOpen]).toEqual([afterMs, layers.length === 0]);
      await stop();
      await expect(app.query("select 1")).rejects.toThrow();
      await killed("open", afterMs);
      await sleep(50);
      await open();
      expect([afterMs, await effectiveRights()]).toEqual([afterMs, before]);
      expect((await gateState(session)).layers).toEqual([]);
    }
    // Both ends have been met, or the test shows nothing.
    expect(seen).toEqual(new Set(["open", "closed"]));
  }, 60_000);
});

describe("what can't be closed", () => {
  const asApp = () => connect(urlOf("app", "app"), { applicationName: "castchat-recovery test" });
  /** Expects that a closing is refused and changes nothing. */
  const isRefused = async (
    options: CloseGateOptions,
    kind: typeof UserError | typeof PromiseError,
    message: RegExp,
    by = session,
  ) => {
    const before = await rights();
    await expectRefusal(closeGate(by, options), kind, message);
    expect(await rights()).toEqual(before);
  };

  it("is refused while it is closed to the role itself", async () => {
    await stop();
    await expect(asApp()).rejects.toThrow(/gives "app" no right to connect.*writes status/);
    await open();
  });

  it("is refused for a role that doesn't own the database, without a change", async () => {
    const guest = await asApp();
    const what = /Role "app" may not change who connects.*Use the connection string of the role that/;
    await isRefused(STOP, UserError, what, guest);
    await guest.end();
  });

  it.each(["pg_monitor", "pg_signal_backend"])("is refused where the role is no member of %s", async (role) => {
    await database.asSuperuser(`revoke ${role} from postgres`);
    const missing = role === "pg_monitor" ? "pg_read_all_stats" : role;
    await isRefused(STOP, UserError, new RegExp(`Let a superuser run: grant ${missing} to "postgres";`));
    await database.asSuperuser(`grant ${role} to postgres with admin true`);
  });

  it("is refused, as is every other look, where another role has put something into the recovery's own schema", async () => {
    await database.asSuperuser(
      "create schema if not exists castchat_recovery authorization postgres; create table castchat_recovery.planted (); alter table castchat_recovery.planted owner to app",
    );
    const what = /^castchat_recovery\.planted in \S+ belongs to the role "app".*drop schema castchat_recovery cascade/;
    await isRefused(STOP, UserError, what);
    await expectRefusal(gateState(session), UserError, what);
    await expectRefusal(findReplacement(session), UserError, what);
    await database.asSuperuser("drop table castchat_recovery.planted");
  });

  it("is refused where a role that we may not change could still come in", async () => {
    await database.asSuperuser("create role stubborn login; grant postgres to stubborn with inherit true");
    await isRefused(STOP, UserError, /./);
    await database.asSuperuser("drop role stubborn");
  });

  it("is refused while a subscription brings rows, and takes one that is disabled", async () => {
    await database.asSuperuser(`
      create subscription stream connection 'host=127.0.0.1 port=1 dbname=none' publication p with (connect = false, slot_name = none);
      alter subscription stream set (slot_name = 'stream'); alter subscription stream enable`);
    const what =
      /the subscription stream brings rows \(`alter subscription stream disable` stops that\)\. Nothing was changed/;
    await isRefused(STOP, PromiseError, what);
    await database.asSuperuser("alter subscription stream disable");
    await stop();
    await open();
    await database.asSuperuser("alter subscription stream set (slot_name = none); drop subscription stream");
  });

  it("is refused where a schema's rights are another's to take", async () => {
    await database.asSuperuser(
      `create role stranger; create schema strange authorization stranger; grant usage on schema strange to anon, postgres`,
    );
    await isRefused(RESTORE, PromiseError, /anon may still use schema strange.*Nothing was changed/);
    expect((await gateState(session)).layers).toEqual([]);
    await database.asSuperuser("drop schema strange; drop role stranger");
  });
});
