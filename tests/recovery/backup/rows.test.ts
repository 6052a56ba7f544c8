import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { afterEach, beforeAll, describe, expect, it } from "@jest/globals";

import type { BackupResult } from "../../../recovery/backup/backup.ts";
import { listTables } from "../../../recovery/postgres/catalog/catalog.ts";
import { measureTables } from "../../../recovery/postgres/rows/measureTables.ts";
import { copyOutSql, planReads, type TableRead } from "../../../recovery/postgres/rows/tableReading.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { readRestoreMarker } from "../../../recovery/restore/run/restoreMarker.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { until } from "../../../services/common/polling.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { forSuite } from "../../support/suite.ts";
import type { TargetServer } from "../../support/targetServer.ts";
import { FACTOR, mostWaitMs, yielding } from "../../support/timing.ts";
import { putInPlace } from "../support/inPlace.ts";
import { startRestoring } from "../support/restoring.ts";
import { dumpOf, tamper } from "../support/sample.ts";

const CHILD = fileURLToPath(new URL("../support/restoreChild.ts", import.meta.url));

/** What breaks copies that are made by hand, and enough rows for several chunks and ranges. */
const AWKWARD = `
  create schema "募集 ""x""";
  create table "募集 ""x"""."Ünï. codé" (id int generated always as identity (start 7 increment 3), "a,b" text, "\\ tab	" text,
    twice int generated always as (length("a,b") * 2) stored);
  insert into "募集 ""x"""."Ünï. codé" ("a,b", "\\ tab	") values (E'x\\ny\\tz\\\\', '\\N'), (E'\\\\.', ''), (null, E'\\r\\n\\\\N'), ('日本語', '\\\\');
  create table public.no_columns (); insert into public.no_columns default values; insert into public.no_columns default values;
  create table public.only_generated (a int generated always as (1) stored); insert into public.only_generated default values;
  create table public.empty (id int);
  create table public.parent (id int, t text); create table public.child (more text) inherits (public.parent);
  insert into public.parent values (1, 'p'); insert into public.child values (2, 'c', 'm');
  create table public.parts (id int, k int) partition by list (k);
  create table public.parts_1 partition of public.parts for values in (1); create table public.parts_rest (k int, id int);
  alter table public.parts attach partition public.parts_rest default;
  insert into public.parts select n, n % 3 from generate_series(1, 999) n;
  create table public.dropped (a int, gone int, b text); insert into public.dropped values (1, 2, 'x'); alter table public.dropped drop column gone;
  create table public.giant (id int, bytes bytea);
  insert into public.giant select n, decode(string_agg(md5(i::text), ''), 'hex') from (values (1, 1250000), (2, 3)) v (n, count), generate_series(1, count) i group by n;
  create table public.big (id int primary key, t text, made timestamptz);
  insert into public.big select n, md5(n::text) || repeat('text ', n % 60), '2026-01-01'::timestamptz + n * interval '1 second' from generate_series(1, 200000) n;
  create materialized view public.z_base as select count(*) as n from public.big;
  create materialized view public.a_top as select n + 1 as n from public.z_base;
  create materialized view public.unfilled as select 1 as one with no data;
  create sequence public.unused start 40; create sequence public.set_back; select setval('public.set_back', 70, false);`;

const started = forSuite(startRestoring);
let source: TestDatabase;
let target: TargetServer;
let saved: BackupResult;
let dump: string;

beforeAll(async () => {
  ({ database: source, target } = started);
  await source.query(AWKWARD);
  saved = await started.backUp();
  dump = dumpOf(source.superuserUrl);
}, 120_000);
afterEach(() => target.renew());

const restoreSaved = () => restore(started.options({ backupId: saved.backupId }));
/** The chunks that a restore has put into the target. */
const journal = () =>
  target.query<{ step: string }>("select step from castchat_recovery.journal where step like '%.zst'").catch(() => []);
/** The manifest of a vault's newest backup. */
const manifestIn = async (vault: Vault) => (await listBackups({ ...started.common, vault }))[0]!.manifest!;

describe("rows", () => {
  it("come back as stock pg_dump sees them, whatever the tables are like", async () => {
    const result = await restoreSaved();
    expect(result.rows).toBe(saved.rows);
    expect(dumpOf(target.superuserUrl)).toBe(dump);
    const views = "select n, to_regclass('public.unfilled') is not null as there from public.a_top";
    expect(await target.query(views)).toEqual([{ n: "200001", there: true }]);
    const { chunks } = await manifestIn(started.vault);
    for (const chunk of chunks) expect(chunk.sizeBytes).toBeLessThanOrEqual(32 * 1024 * 1024);
    expect(chunks.length).toBeGreaterThan(5);
  }, 60_000);

  it("lie each in exactly one range of blocks", async () => {
    await source.inSession(async (session) => {
      const tables = await measureTables(session, await listTables(session));
      const big = tables.filter((table) => ["big", "parent", "parts_rest"].includes(table.name));
      for (const table of big) {
        const reads = planReads([{ ...table, sizeBytes: table.sizeBytes * 1000 }], 17).flat();
        const countIn = async (read: TableRead) => {
          let count = 0;
          const counter = { write: () => undefined, endOfRow: () => void (count += 1), full: () => undefined };
          await session.copyOut(copyOutSql(read), counter, read.table.format);
          return count;
        };
        let inRanges = 0;
        for (const read of reads) inRanges += await countIn(read);
        expect(inRanges).toBe(await countIn({ table }));
      }
    });
  }, 60_000);

  it("come once however often a restore is killed, and those that are committed stay", async () => {
    const argument = JSON.stringify(started.order(saved.backupId));
    let kept = 0;
    for (let round = 0; round < 6; round += 1) {
      const child = spawn(process.execPath, [CHILD, argument], { stdio: "ignore", env: process.env });
      const ended = once(child, "exit");
      const before = (await journal()).length;
      if (round % 2 === 1) await sleep(300 + Math.random() * 1500);
      // Every other time once another chunk is in.
      else {
        const isIn = async () => child.exitCode !== null || (await journal()).length > before;
        await until(isIn, { everyMs: 10, limitMs: 10_000 });
      }
      child.kill("SIGKILL");
      await ended;
      const { phase } = (await readRestoreMarker(target.url)) ?? {};
      if (phase === "data") kept = Math.max(kept, (await journal()).length);
    }
    expect(kept).toBeGreaterThan(0);
    await restoreSaved();
    expect(dumpOf(target.superuserUrl)).toBe(dump);
  }, 120_000);

  it("are refused as a whole chunk when the chunk was altered or swapped", async () => {
    const other = await started.cloud.newVault();
    const { backupId, tier } = await started.backUp({ vault: other });
    const again = () => restore(started.options({ vault: other }));
    const key = (index: number) => `${tier}/${backupId}/data/00000${index}.copy.zst`;
    const first = Buffer.from((await other.getBytes(key(1)))!);
    const second = Buffer.from((await other.getBytes(key(2)))!);
    await putInPlace(other, key(1), second);
    await putInPlace(other, key(2), first);
    await expect(again()).rejects.toThrow(/data\/00000[12]\.copy\.zst is damaged/);
    await putInPlace(other, key(1), first);
    await tamper(other, key(2), () => second.subarray(0, -1));
    await expect(again()).rejects.toBeInstanceOf(PromiseError);
    expect((await journal()).map(({ step }) => step)).not.toContain(key(2));
    // When the chunk is whole again, the restore continues with the rows that it already has.
    await putInPlace(other, key(2), second);
    expect((await again()).backupId).toBe(backupId);
    expect(dumpOf(target.superuserUrl)).toBe(dump);
  }, 60_000);

  it("are those of the snapshot though tables are altered, emptied and dropped meanwhile, and no session waits for long", async () => {
    await target.query(
      "create table public.t1 as select n from generate_series(1, 1000) n; create table public.t2 as table public.t1; create table public.t3 as table public.t1",
    );
    const other = await started.cloud.newVault();
    let slow = true;
    const slowVault: Vault = {
      ...other,
      async put(key, body, options) {
        if (slow && key.includes("/data/"))
          await sleep(9_000 * FACTOR, undefined, options?.signal && { signal: options.signal });
        return await other.put(key, body, options);
      },
    };
    const waits: Promise<number>[] = [];
    const change = async (sql: string) => {
      const startedAt = performance.now();
      await target.query(`set lock_timeout = 0; ${sql}`);
      return performance.now() - startedAt;
    };
    const said: string[] = [];
    const reporter = (message: string) => {
      said.push(message);
      const changes = ["alter table public.t1 alter n type text", "truncate public.t2", "drop table public.t3"];
      if (message.startsWith("Dumping") && waits.length === 0) waits.push(...changes.map(change));
      if (message.includes("yielding")) slow = false;
    };
    const result = await started.backUp({ databaseUrl: target.url, vault: slowVault, reporter, timing: yielding });
    for (const waited of await Promise.all(waits)) expect(waited).toBeLessThan(mostWaitMs(yielding));
    const ofOne = /process \d+ \("test", user postgres: an exclusive lock on public\.t[123]\)/g;
    const yielded = said.find((one) => one.startsWith("Another session waits for a table (")) ?? "";
    expect(yielded.match(ofOne)).toHaveLength(3);
    expect(yielded).toMatch(/yielding, then starting again$/);
    const { backupId, tables } = await manifestIn(other);
    expect(backupId).toBe(result.backupId);
    expect(tables.filter(({ name }) => /^t\d$/.test(name)).map(({ name, rows }) => [name, rows])).toEqual([
      ["t1", 1000],
      ["t2", 0],
    ]);
  }, 60_000);
});
