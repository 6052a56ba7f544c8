import { afterAll, beforeAll, expect, it } from "@jest/globals";
import pg from "pg";

import { closeGate, gateState, openGate } from "../../../../recovery/gate/writeGate.ts";
import { connect } from "../../../../recovery/postgres/session/database.ts";
import { abandon, replace } from "../../../../recovery/restore/inPlace/replace.ts";
import type { ReplaceOptions } from "../../../../recovery/restore/inPlace/replaceSteps.ts";
import { silent } from "../../../../services/common/reporter.ts";
import { brisk } from "../../../support/timing.ts";
import { abortAt, INTERRUPTION } from "../../support/killing.ts";
import { runSql, vaultWithout } from "../../support/sample.ts";
import { startTestSource, type TestSource } from "../../support/source.ts";

let started: TestSource;
let backupId: string;
beforeAll(async () => {
  started = await startTestSource();
  await runSql(
    started.database.url,
    "create table public.seen (id int); create schema shop; create table shop.things (id int primary key, name text); insert into shop.things values (1, 'right')",
  );
  backupId = await save();
}, 60_000);
afterAll(() => started.stop());

const save = async (isSafety = false) =>
  (await started.backUp(started.database.url, { acceptsSmaller: true, isSafety })).backupId;
const options = (more: Partial<ReplaceOptions> = {}) =>
  started.replacing(started.database.url, { saveFirst: () => save(true), timing: brisk, ...more });
const withoutRows = () => ({ vault: vaultWithout(started.vault, "/data/") });
const damage = () => runSql(started.database.url, "update shop.things set name = 'wrong'");
const things = () => runSql(started.database.url, "select name from shop.things");

it("takes the same backup again after a failure, not the safety backup of the damage", async () => {
  await damage();
  await expect(replace(options(withoutRows()))).rejects.toThrow("the old state is back");
  expect(await things()).toEqual([{ name: "wrong" }]);
  expect(await replace(options())).toMatchObject({ backupId });
  expect(await things()).toEqual([{ name: "right" }]);
}, 60_000);

it("is done although another session holds what lies aside, and says what is left", async () => {
  const { database } = started;
  await damage();
  const holder = await connect(database.superuserUrl, { applicationName: "platform" });
  await holder.query("begin; select from shop.things");
  const { notes } = await replace(options({ timing: { ...brisk, lockMs: 1_000 } }));
  expect(notes).toContainEqual(expect.stringContaining("Another session locks some objects of the old one"));
  expect(await things()).toEqual([{ name: "right" }]);
  const session = await connect(database.url, { applicationName: "castchat-recovery test" });
  expect((await gateState(session)).layers).toEqual([]);
  await session.end();
  await holder.end();
  expect(await abandon({ targetUrl: database.url, reporter: silent, timing: brisk })).toEqual({
    state: "new",
    stillClosed: false,
  });
  const aside = "select from pg_namespace where nspname like 'castchat!_aside%' escape '!'";
  expect(await runSql(database.url, aside)).toEqual([]);
}, 60_000);

it("leaves writes stopped if an engineer has stopped them, and says so, whichever state is live", async () => {
  const { database } = started;
  await damage();
  const session = await connect(database.url, { applicationName: "castchat-recovery test" });
  try {
    const engineer = { holder: "writes stop", level: "writes" } as const;
    await closeGate(session, engineer);
    await expect(replace(options(withoutRows()))).rejects.toThrow(
      /the old state is back, whole, and writes stay stopped by `writes stop`/,
    );
    expect((await replace(options())).notes).toContain(
      "Writes stay stopped by `writes stop`. To allow them again, run `castchat-recovery writes allow`.",
    );
    expect((await gateState(session)).layers).toMatchObject([engineer]);
    await openGate(session, "writes stop");
  } finally {
    await session.end();
  }
  expect(await things()).toEqual([{ name: "right" }]);
}, 60_000);

it("says on Ctrl-C which of the two states there is", async () => {
  await damage();
  const aborting = abortAt("Restoring", INTERRUPTION);
  await expect(replace(options(aborting))).rejects.toThrow("interrupted");
  expect(aborting.said.at(-1)).toMatch(/the old state is back, whole, and the gate is open/);
}, 60_000);

it("says that the state is not known while the server is down, and continues once it answers", async () => {
  const { database } = started;
  await damage();
  let crashing: Promise<void> | undefined;
  const reporter = (message: string) => {
    if (message.startsWith("Restoring")) crashing ??= database.crash();
  };
  const safety = await save(true);
  await expect(replace(options({ reporter, saveFirst: () => Promise.resolve(safety) }))).rejects.toThrow(
    /The database does not answer, so it is not known how far the replacement is\. Once it answers, run the same command again to continue/,
  );
  await crashing;
  await database.startAgain();
  expect(await replace(options())).toMatchObject({ backupId, safetyBackupId: safety });
  expect(await things()).toEqual([{ name: "right" }]);
}, 60_000);

it("is not held up by an app that comes back as the owner and reads for long", async () => {
  const { database } = started;
  await damage();
  const stopped = new AbortController();
  const reading = (async () => {
    while (!stopped.signal.aborted) {
      const app = new pg.Client({ connectionString: database.url });
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
    await replace(options());
  } finally {
    stopped.abort();
    await runSql(
      database.superuserUrl,
      "select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^select pg_sleep'",
    );
    await reading;
  }
  expect(await things()).toEqual([{ name: "right" }]);
}, 60_000);

it("says which session is in the way if one of the platform's holds what has to be moved", async () => {
  const { database } = started;
  await damage();
  const holder = await connect(database.superuserUrl, { applicationName: "platform" });
  await holder.query("begin; select from public.seen");
  await expect(replace(options({ timing: { ...brisk, lockMs: 1_000 } }))).rejects.toThrow(
    /Another session holds what the restore needs.*the old state is back/,
  );
  await holder.end();
}, 60_000);
