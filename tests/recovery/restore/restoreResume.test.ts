import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, describe, expect, it } from "@jest/globals";

import { connect } from "../../../recovery/postgres/session/database.ts";
import type { RestoreOptions } from "../../../recovery/restore/run/restoreOptions.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { brisk } from "../../support/timing.ts";
import { abortAt, childOf, doAt, INTERRUPTION } from "../support/killing.ts";
import { startRestoringSaved } from "../support/restoring.ts";
import { contentOf, fillSample, recoveryLogOf, vaultWithout } from "../support/sample.ts";

const started = forSuite(() => startRestoringSaved(({ url }) => fillSample(url, 150)));
afterEach(() => started.target.renew());

const restore = (more?: Partial<RestoreOptions>) => started.restore({ timing: brisk, ...more });
async function expectContent(): Promise<void> {
  expect(await contentOf(started.target.url)).toEqual(started.content);
}
const entriesMade = () => started.target.query("select step from castchat_recovery.journal where step like 'entry %'");
/** The transaction of each row, and the identity of each index. A resumed restore may change neither. */
const identities = async ({ target } = started) => ({
  rows: await target.query("select ctid::text, xmin::text from public.applications order by 1"),
  indexes:
    await target.query(`select relname as name, c.oid::int from pg_class c join pg_namespace n on n.oid = relnamespace
     where relkind in ('i', 'I') and nspname in ('public', 'private') order by 1`),
});

/** Locks a table so that it cannot be indexed or altered, but can get rows. */
async function holdTable(): Promise<() => Promise<void>> {
  const session = await connect(started.target.superuserUrl, { applicationName: "test holds a table" });
  await session.query("begin; lock table public.messages in row exclusive mode");
  return () => session.end();
}

/** Waits until a restore makes no more entries, since it waits for the table. */
async function stuckInConstraints(): Promise<void> {
  let known = -1;
  for (let quiet = 0, wait = 0; quiet < 10 && wait < 600; wait += 1) {
    await sleep(50);
    const found = (await entriesMade().catch(() => [])).length;
    quiet = found > 5 && found === known ? quiet + 1 : 0;
    known = found;
  }
}

it("a restore whose sessions an administrator ends says so, and the same command continues it", async () => {
  const end = () =>
    started.target.asSuperuser(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name ~ '^castchat-recovery restore' and wait_event_type = 'Lock'",
    );
  const ending = doAt("Restoring", async () => {
    const letGo = await holdTable();
    while ((await end()).length === 0) await sleep(20);
    await letGo();
  });
  const { reporter } = ending;
  await expectRefusal(
    restore({ reporter }),
    UserError,
    /^The server of the target database .* has ended the restore's session \(terminating connection due to administrator command\)\. An administrator .* Look at `castchat-recovery writes status`, then run the same command again: it continues/,
  );
  await ending.done();
  await restore();
  await expectContent();
}, 60_000);

describe("a restore that was interrupted after its rows", () => {
  it("resumes exactly once after a kill -9 during indexes and constraints", async () => {
    const child = spawn(process.execPath, [childOf("restoreChild"), JSON.stringify(started.order())], {
      stdio: ["ignore", "pipe", "inherit"],
      env: process.env,
    });
    const ended = once(child, "exit");
    let letGo: Promise<() => Promise<void>> | undefined;
    createInterface(child.stdout).on("line", (line) => {
      if (line.startsWith("Restoring ")) letGo = holdTable();
    });
    await stuckInConstraints();
    child.kill("SIGKILL");
    expect(await ended).toEqual([null, "SIGKILL"]);
    const unlock = await letGo!;
    await unlock();
    expect(await started.marker()).toMatchObject({ phase: "constraints", finishedAt: undefined });

    const said: string[] = [];
    // The killed run's sessions may still commit until the next run has ended them.
    const before = await identities();
    const made = (await entriesMade()).length;
    const result = await restore({ reporter: (message) => said.push(message) });
    const after = await identities();
    expect(result.phases.map(({ name }) => name)).not.toContain("schema");
    expect(said).toContain(`Continuing with the indexes and constraints of ${started.saved.backupId}`);
    expect(made).toBeGreaterThan(5);
    expect((await entriesMade()).length).toBeGreaterThan(made);
    expect(before.rows.length).toBeGreaterThan(0);
    expect(after.rows).toEqual(before.rows);
    expect(before.indexes.length).toBeGreaterThan(0);
    expect(after.indexes).toEqual(expect.arrayContaining(before.indexes));
    expect(after.indexes.length).toBeGreaterThan(before.indexes.length);
    await expectContent();
    expect(await started.releasedDefinition()).toBe(started.definition);
  }, 60_000);

  it("keeps all that it has made when it was stopped in its checks", async () => {
    await expect(restore(abortAt("Comparing", undefined, 20))).rejects.toThrow("stopped");
    expect(await started.marker()).toMatchObject({ phase: "checks" });
    const before = await identities();
    await restore();
    expect(await identities()).toEqual(before);
    expect(await started.releasedDefinition()).toBe(started.definition);
  }, 60_000);
});

describe("a chunk of rows and its line in the journal", () => {
  it("are committed together: if the line can't be written, the rows are not there either", async () => {
    const { target, content } = started;
    await expect(restore(abortAt("Restoring "))).rejects.toThrow("stopped");
    expect(await started.marker()).toMatchObject({ phase: "data" });
    await target.query(`create function castchat_recovery.refuse() returns trigger language plpgsql as $$ begin raise exception 'no line of this chunk'; end $$;
       create trigger refuse before insert on castchat_recovery.journal for each row when (new.step like '%/data/%') execute function castchat_recovery.refuse();
       alter table castchat_recovery.journal enable always trigger refuse`);
    await expect(restore()).rejects.toThrow("no line of this chunk");
    const lines = "select step from castchat_recovery.journal where step like '%/data/%'";
    expect(await target.query(lines)).toEqual([]);
    const empty = Object.keys(content).map((name) => [name, "0:"]);
    expect(Object.entries(await contentOf(target.url))).toEqual(expect.arrayContaining(empty));
    await target.query("drop function castchat_recovery.refuse() cascade");
    await restore();
    await expectContent();
  }, 60_000);
});

describe("what a killed restore has left at work on the target", () => {
  it("is ended before the next one continues: it may lock what that needs, or commit what that does", async () => {
    await expect(restore(abortAt("Restoring "))).rejects.toThrow("stopped");
    const { restoreId } = (await started.marker())!;
    const { url } = started.target;
    const left = await connect(url, { applicationName: `castchat-recovery restore ${restoreId}` });
    const others = await connect(url, { applicationName: "another program" });
    await left.query("begin; lock table public.messages in access exclusive mode");
    await restore();
    await expect(left.query("select 1")).rejects.toThrow();
    expect(await others.query("select 1 as one")).toEqual([{ one: 1 }]);
    await Promise.all([left.end(), others.end()]);
    await expectContent();
  }, 60_000);
});

describe("the recovery log", () => {
  it("starts again only if no rows were written since, and continues only with its own backup", async () => {
    await expect(restore(abortAt("Making types", INTERRUPTION))).rejects.toThrow("interrupted");
    const { database, target, saved } = started;
    await target.asSuperuser(`insert into auth.users (id, email) values (gen_random_uuid(), 'first@example.com');
      create table public.news (n int); insert into public.news values (1)`);
    await expectRefusal(restore(), UserError, "there are rows in auth.users, public.news. They were written since");
    expect(await target.query("select n from public.news")).toEqual([{ n: 1 }]);

    // More large objects than one transaction deletes.
    await target.asSuperuser("delete from auth.users; drop table public.news");
    await target.query("select lo_create(0) from generate_series(1, 2100)");
    const other = { backupId: "20200101T000000Z-000000" };
    const before = new Date(Date.parse(saved.snapshotAt) - 1);
    await expect(restore(other)).rejects.toThrow(`A restore of ${saved.backupId} was begun in this database`);
    await expect(restore({ at: before })).rejects.toThrow(`not of one of ${before.toISOString()} or before`);
    await restore();
    await expectContent();
    const count = "select count(*) as n from pg_largeobject_metadata";
    expect(await target.asSuperuser(count)).toEqual(await database.asSuperuser(count));
    // Once it is done, too: the database has another backup than the one that is asked for.
    await expect(restore(other)).rejects.toThrow(/was begun in this database, not of 20200101/);
    await expect(restore({ at: before })).rejects.toThrow(/was begun in this database/);
    expect(await restore({ backupId: saved.backupId })).toMatchObject({ backupId: saved.backupId });
  }, 30_000);

  it("is not started again by a call that has waited for another to finish it", async () => {
    const [one, other] = await Promise.all([restore(), restore()]);
    expect(other.phases).toEqual(one.phases);
    await expectContent();
  }, 30_000);

  it("has the outcome of each restore, and a restore succeeds without it", async () => {
    const { target, saved, vault } = started;
    const known = (await recoveryLogOf(vault)).length;
    await expect(restore({ vault: vaultWithout(vault, "/data/") })).rejects.toBeInstanceOf(PromiseError);
    const result = await restore();
    const [failed, done, ...more] = (await recoveryLogOf(vault)).slice(known);
    expect(more).toEqual([]);
    expect(failed).toMatchObject({
      key: expect.stringMatching(new RegExp(`^recovery-log/\\d{8}T\\d{9}Z-${result.restoreId}\\.json$`)),
      entry: { what: "restore", result: "failed", failure: expect.stringContaining("is missing from the vault") },
    });
    const { restoreId, phases } = result;
    const by = `castchat-recovery restore ${restoreId}`;
    const address = `127.0.0.1:${target.port}/postgres`;
    expect(done!.entry).toMatchObject({
      result: "done",
      backupId: saved.backupId,
      restoreId,
      by,
      target: address,
      phases,
    });
    expect(done!.entry).toMatchObject({ durationMs: expect.any(Number) });
    expect(JSON.stringify(done)).not.toContain("for tests");

    await target.renew();
    const readOnly = { ...vault, put: () => Promise.reject(new Error("Access to the vault bucket is denied")) };
    const { notes } = await restore({ vault: readOnly });
    expect(notes.filter((note) => !note.startsWith("Held back"))).toEqual([
      `The recovery log of the vault "${vault.name}" could not be written: Access to the vault bucket is denied`,
    ]);
    await expectContent();
  }, 60_000);
});
