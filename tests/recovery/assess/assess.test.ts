import { beforeAll, describe, expect, it } from "@jest/globals";

import { assess, type Assessment, type AssessOptions } from "../../../recovery/assess/assess.ts";
import { compareRows } from "../../../recovery/assess/assessRows.ts";
import type { BackupResult } from "../../../recovery/backup/backup.ts";
import { closeGate, openGate } from "../../../recovery/gate/writeGate.ts";
import { listTables } from "../../../recovery/postgres/catalog/catalog.ts";
import { measureTables } from "../../../recovery/postgres/rows/measureTables.ts";
import { withSession } from "../../../recovery/postgres/session/database.ts";
import { UserError } from "../../../services/common/errors.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { forSuite } from "../../support/suite.ts";
import { startBackingUp } from "../support/backingUp.ts";
import { putInPlace } from "../support/inPlace.ts";
import { contentOf, flipped, tamper } from "../support/sample.ts";
import { withUnreadable } from "../support/unreadable.ts";

const source = forSuite(() => startBackingUp(150));
let database: TestDatabase;
let vault: Vault;
let first: BackupResult;
let second: BackupResult;

const run = (more: Partial<AssessOptions> = {}) => assess({ ...source.common, databaseUrl: database.url, ...more });
const tableOf = ({ tables }: Assessment, name: string) => tables.find((table) => table.name === name);
/** The manifest of the second backup. */
const secondManifest = () => source.manifestOf(vault, second.backupId);
/** A backup as a history names it. */
const pointOf = ({ backupId, snapshotAt }: BackupResult) => ({ backupId, at: snapshotAt });
/** What differs, table by table. */
const differing = (found: Assessment) =>
  Object.fromEntries(
    found.tables
      .filter((table) => table.state !== "same")
      .map(({ schema, name, state, lost, altered, added }) => [`${schema}.${name}`, [state, lost, altered, added]]),
  );

beforeAll(async () => {
  ({ database, vault } = source);
  await database.query(
    "create table public.typed (id int primary key, value int); insert into public.typed values (1, 1), (2, 2); select lo_from_bytea(4711, 'an attachment')",
  );
  first = await source.backUp();
  await database.query("insert into public.page_views values ('/late', '2026-01-01')");
  second = await source.backUp();
}, 60_000);

describe("an undamaged database", () => {
  it("has nothing missing or altered, also behind a closed gate, and is not changed", async () => {
    const before = await contentOf(database.url);
    await withSession(database.url, { applicationName: "castchat-recovery test" }, async (session) => {
      await closeGate(session, { holder: "test", level: "writes" });
      const found = await run();
      await openGate(session, "test");
      expect(found).toMatchObject({
        backupId: second.backupId,
        isDamaged: false,
        definitions: { missing: [], altered: [], added: [], notCompared: undefined },
        sequences: [],
        missingExtensions: [],
        backupsLookedAt: 2,
        earlierLosses: [],
        passedOver: [],
      });
      expect(differing(found)).toEqual({});
      expect(found.tables.length).toBe(second.tables);
    });
    expect(await contentOf(database.url)).toEqual(before);
    await withUnreadable(vault, async (said) =>
      expect(await run()).toMatchObject({ backupId: second.backupId, passedOver: [expect.stringMatching(said)] }),
    );
  }, 30_000);

  it("is damaged when a large object has another content", async () => {
    expect((await run()).largeObjects).toEqual([]);
    await database.query("select lo_put(4711, 3, 'A')");
    const found = await run();
    await database.query("select lo_put(4711, 3, 'a')");
    expect(found).toMatchObject({
      isDamaged: true,
      largeObjects: ["there is 1 large object as in the backup, but with other content"],
    });
  });

  it("is compared with an older backup when asked to, and new rows are not damage", async () => {
    const found = await run({ backupId: first.backupId });
    expect(differing(found)).toEqual({ "public.page_views": ["changed", 0, undefined, 1] });
    expect(found.isDamaged).toBe(false);
    await expect(run({ backupId: "20200101T000000Z-abcdef" })).rejects.toThrow(UserError);
  }, 30_000);
});

describe("a damaged database", () => {
  let found: Assessment;

  beforeAll(async () => {
    await database.query(
      `set session_replication_role = replica;
       update public.posts set body = 'defaced' where id % 10 = 0;
       update public.users set bio = 'defaced' where id in (select id from public.users order by id limit 7);
       delete from public.messages where id in (select id from public.messages order by id desc limit 3);
       insert into public.posts (author_id, title, body) select id, 'later', 'later' from public.users order by id limit 2;
       delete from public.page_views where ctid in (select ctid from public.page_views limit 4);
       drop table public.application_history;
       create table public.left_behind (id int);
       alter table public.attachments rename column file_name to title;
       alter table public.typed alter column value type aclitem using makeaclitem(10, 10, 'select', false);
       create or replace function public.left_behind() returns int language sql as 'select 1';
       alter sequence public.invoice_numbers increment by 8;
       select setval('public.messages_id_seq', 1)`,
    );
    found = await run();
  }, 30_000);

  it("is reported row by row, by what was done and nothing else", async () => {
    const count = "select count(*)::int as posts from public.posts where body = 'defaced'";
    const { posts } = (await database.query<{ posts: number }>(count))[0]!;
    expect(posts).toBeGreaterThan(10);
    const history = tableOf(found, "application_history");
    expect(differing(found)).toEqual({
      "public.posts": ["changed", posts, posts, 2],
      "public.users": ["changed", 7, 7, 0],
      "public.messages": ["changed", 3, 0, 0],
      // No key: equal lines are counted against each other.
      "public.page_views": ["changed", 4, undefined, 0],
      "public.application_history": ["missing", history?.rowsInBackup, 0, 0],
      "public.attachments": ["changed", undefined, undefined, undefined],
      "public.typed": ["changed", undefined, undefined, undefined],
      "public.left_behind": ["new", undefined, undefined, undefined],
    });
    expect(history?.rowsInBackup).toBeGreaterThan(0);
    expect(tableOf(found, "attachments")?.note).toBe("it lacks the column file_name");
    expect(tableOf(found, "typed")).toMatchObject({
      note: "a column has another type, whose values can't be compared",
      rowsNow: 2,
    });
    expect(found.isDamaged).toBe(true);
  });

  it("names definitions and sequences too", () => {
    const { missing, altered, added } = found.definitions;
    expect(missing).toContain("relation public.application_history");
    expect(missing).toContain("column public.attachments.file_name");
    expect(altered).toContain("sequence public.invoice_numbers");
    expect(added).toContain("function public.left_behind()");
    expect(found.sequences).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "public.messages_id_seq", now: "1" }),
        expect.objectContaining({ name: "public.application_history_id_seq", now: undefined }),
      ]),
    );
  });

  it("shows since when, as far as the backups show it", async () => {
    const sinceOf = (from: Assessment, name: string) => tableOf(from, name)?.history;
    expect(sinceOf(found, "posts")).toEqual({
      sameAsReferenceUntil: pointOf(second),
      asNowSince: undefined,
      lastChangeBefore: undefined,
      isComplete: true,
    });
    expect(sinceOf(found, "attachments")?.isComplete).toBe(false);
    const between = { after: pointOf(first), by: pointOf(second) };
    expect(sinceOf(found, "page_views")?.lastChangeBefore).toEqual(between);
    const older = await run({ backupId: first.backupId });
    expect(sinceOf(older, "posts")?.sameAsReferenceUntil.backupId).toBe(second.backupId);
    expect(sinceOf(older, "page_views")?.sameAsReferenceUntil.backupId).toBe(first.backupId);
  }, 30_000);

  it("is traced through later backups when asked to", async () => {
    const third = await source.backUp(vault, { acceptsSmaller: true });
    const traced = await run({ backupId: first.backupId, trace: true });
    for (const name of ["posts", "messages"]) {
      const losses = [
        { ...pointOf(second), lost: 0 },
        { ...pointOf(third), lost: tableOf(found, name)?.lost },
      ];
      expect([name, tableOf(traced, name)?.traced]).toEqual([name, losses]);
    }
    expect(tableOf(traced, "teams")?.traced).toBeUndefined();
    // The newest backup holds the damage. Compared only with it nothing is lost, but the losses between backups are reported.
    const newest = await run();
    expect(newest).toMatchObject({ backupId: third.backupId, isDamaged: false });
    expect(newest.earlierLosses.map((loss) => [loss.table, loss.after.backupId, loss.rowsAfter])).toEqual(
      expect.arrayContaining([
        ["public.application_history", second.backupId, undefined],
        ["public.messages", second.backupId, expect.any(Number)],
      ]),
    );
  }, 40_000);

  it("has the same counts in many passes", async () => {
    const manifest = await secondManifest();
    const backedUp = manifest.tables.find((table) => table.name === "posts")!;
    await withSession(database.url, { applicationName: "castchat-recovery test" }, async (session) => {
      const posts = (await listTables(session)).filter((table) => table.name === "posts");
      const [live] = await measureTables(session, posts);
      const table = { backedUp, live: { ...live!, columns: backedUp.columns }, key: ["id"] };
      const { signal } = new AbortController();
      const { lost, altered = 0, added = 0 } = tableOf(found, "posts")!;
      const inPasses = await compareRows({ vault, manifest }, session, table, signal, 20);
      expect(inPasses).toEqual({ lost, altered, added });
      // A key that is not unique is noticed, and whole rows are compared instead.
      const withoutKey = await compareRows({ vault, manifest }, session, { ...table, key: ["status"] }, signal);
      expect(withoutKey).toEqual({ lost, altered: undefined, added: added + altered });
    });
  }, 30_000);

  it("is not assessed by a damaged backup", async () => {
    const manifest = await secondManifest();
    const chunk = manifest.chunks.find((one) => one.sections.some((section) => section.name === "posts"))!;
    const whole = (await vault.getBytes(chunk.key))!;
    await tamper(vault, chunk.key, flipped);
    await expect(run({ backupId: second.backupId })).rejects.toThrow(/damaged/);
    await putInPlace(vault, chunk.key, whole);
  }, 30_000);
});
