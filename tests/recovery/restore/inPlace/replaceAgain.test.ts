import { beforeAll, beforeEach, expect, it } from "@jest/globals";
import pg from "pg";

import { closeGate, gateState, openGate } from "../../../../recovery/gate/writeGate.ts";
import { listAllPublications } from "../../../../recovery/postgres/catalog/heldBack.ts";
import { connect } from "../../../../recovery/postgres/session/database.ts";
import { refusePublications } from "../../../../recovery/restore/inPlace/replaceDanger.ts";
import type { ReplaceOptions } from "../../../../recovery/restore/inPlace/replaceSteps.ts";
import { forSuite } from "../../../support/suite.ts";
import { brisk } from "../../../support/timing.ts";
import { doAt } from "../../support/killing.ts";
import { startLive } from "../../support/live.ts";
import { vaultWithout } from "../../support/sample.ts";

const live = forSuite(startLive);
let backupId: string;
beforeAll(async () => {
  await live.query(`create table public.seen (id int);
    create schema shop; create table shop.things (id int primary key, name text); insert into shop.things values (1, 'right')`);
  ({ backupId } = await live.save());
}, 60_000);
beforeEach(() => live.query("update shop.things set name = 'wrong'"));

const replace = (more: Partial<ReplaceOptions> = {}) => live.replace({ saveFirst: live.saveFirst, backupId, ...more });
const things = () => live.query("select name from shop.things");
/** One of the platform's sessions reads a table and stays in its transaction. */
async function holdAsPlatform(table: string) {
  const holder = await connect(live.superuserUrl, { applicationName: "platform" });
  await holder.query(`begin; select from ${table}`);
  return holder;
}

it("is done although another session holds what lies aside, and says what is left", async () => {
  const holder = await holdAsPlatform("shop.things");
  const { notes } = await replace({ timing: { ...brisk, lockMs: 1_000 } });
  expect(notes).toContainEqual(expect.stringContaining("Another session locks some objects of the old one"));
  expect(await things()).toEqual([{ name: "right" }]);
  expect((await live.inSession(gateState)).layers).toEqual([]);
  await holder.end();
  expect(await live.goBack()).toEqual({ state: "new", stillClosed: false });
  expect(await live.aside()).toEqual([]);
}, 60_000);

it("is refused, before a question and a change, while something outside of the app's schemas depends on the app", async () => {
  await live.query(`create view extensions.report as select name from shop.things; create table extensions.log (thing int references shop.things);
    create function extensions.latest() returns text language sql begin atomic select max(name) from shop.things; end;
    create policy "the app's" on storage.objects for select using (exists (select from shop.things))`);
  const asked: unknown[] = [];
  const confirm = (question: unknown) => Promise.resolve(void asked.push(question));
  await expect(replace({ confirm })).rejects.toThrow(
    /so they would be dropped with the old state, and no backup holds them: constraint log_thing_fkey on table extensions\.log; function extensions\.latest\(\); view extensions\.report\. Save their definitions, drop them/,
  );
  expect(asked).toEqual([]);
  expect((await live.inSession(gateState)).layers).toEqual([]);
  await live.query(`drop view extensions.report; drop table extensions.log; drop function extensions.latest();
    drop policy "the app's" on storage.objects`);
});

it("is refused, before a question and a change, while the database holds what could not be put back exactly", async () => {
  await live.asSuperuser(
    "create table public.of_platform (id int); create access method own_heap type table handler heap_tableam_handler",
  );
  await live.query("create type public.spans as range (subtype = int4)");
  const confirm = () => Promise.reject(new Error("it has asked"));
  await expect(replace({ confirm })).rejects.toThrow(
    "This database cannot be set aside because of public.of_platform, which the restoring role does not own; the access method own_heap; the range type public.spans. Restore into a new project instead.",
  );
  expect((await live.inSession(gateState)).layers).toEqual([]);
  await live.asSuperuser("drop table public.of_platform; drop access method own_heap; drop type public.spans");
});

it("is refused before the gate closes if the backup has a publication that only a superuser may make", async () => {
  await live.asSuperuser(
    "create publication everything for all tables; create publication of_shop for tables in schema shop",
  );
  const wide = await live.save();
  await expect(replace({ backupId: wide.backupId })).rejects.toThrow(
    /Only a superuser may make these publications of the backup, .*: everything; of_shop\. Restore into a new project/,
  );
  expect((await live.inSession(gateState)).layers).toEqual([]);
  // Where Supabase's supautils makes them for its privileged role, nothing is refused.
  await live.inSession(async (session) => {
    await session.query("set supautils.privileged_role = supabase_privileged_role");
    await refusePublications(session, await listAllPublications(session));
  });
  await live.asSuperuser("drop publication everything, of_shop");
}, 30_000);

it("leaves writes stopped if an engineer has stopped them, and says so, whichever state is live", async () => {
  const engineer = { holder: "writes stop", level: "writes" } as const;
  const session = await connect(live.url, { applicationName: "castchat-recovery test" });
  try {
    await closeGate(session, engineer);
    await expect(replace({ vault: vaultWithout(live.vault, "/data/") })).rejects.toThrow(
      /the old state is back, whole, and writes stay stopped by `writes stop`/,
    );
    expect((await replace()).notes).toContain(
      "Writes stay stopped by `writes stop`. To allow them again, run `castchat-recovery writes allow`.",
    );
    expect((await gateState(session)).layers).toMatchObject([engineer]);
    await openGate(session, "writes stop");
  } finally {
    await session.end();
  }
  expect(await things()).toEqual([{ name: "right" }]);
}, 60_000);

it("says that the state is not known while the server is down, and continues once it answers", async () => {
  const crashing = doAt("Restoring", () => live.crash());
  const safety = await live.saveFirst();
  const { reporter } = crashing;
  await expect(replace({ reporter, saveFirst: () => Promise.resolve(safety) })).rejects.toThrow(
    /The database does not answer, so it is not known how far the replacement is\. Once it answers, run the same command again to continue/,
  );
  await crashing.done();
  await live.startAgain();
  expect(await replace()).toMatchObject({ backupId, safetyBackupId: safety });
  expect(await things()).toEqual([{ name: "right" }]);
}, 60_000);

it("is not held up by an app that comes back as the owner and reads for long", async () => {
  const stopped = new AbortController();
  const reading = (async () => {
    while (!stopped.signal.aborted) {
      const app = new pg.Client({ connectionString: live.url });
      app.on("error", () => undefined);
      try {
        await app.connect();
        await app.query("begin; select from public.seen; select from auth.users");
        await app.query("select pg_sleep(60)");
      } catch {
        // It has been thrown out, and comes back.
      }
      await app.end().catch(() => undefined);
    }
  })();
  try {
    await replace();
  } finally {
    stopped.abort();
    await live.asSuperuser("select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^select pg_sleep'");
    await reading;
  }
  expect(await things()).toEqual([{ name: "right" }]);
}, 60_000);

it("says which session is in the way if one of the platform's holds what has to be moved", async () => {
  const holder = await holdAsPlatform("public.seen");
  await expect(replace({ timing: { ...brisk, lockMs: 1_000 } })).rejects.toThrow(
    /Another session holds what the restore needs.*the old state is back/,
  );
  await holder.end();
}, 60_000);
