import { afterEach, describe, expect, it } from "@jest/globals";

import { selectBackup } from "../../../../recovery/restore/run/restoreSelection.ts";
import type { BackupKind } from "../../../../recovery/vault/backupKinds.ts";
import type { BackupSummary } from "../../../../recovery/vault/listBackups.ts";
import type { Manifest } from "../../../../recovery/vault/manifest.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { abortAt } from "../../support/killing.ts";
import { startRestoringSaved } from "../../support/restoring.ts";
import { contentOf, fillSample } from "../../support/sample.ts";

const started = forSuite(() =>
  startRestoringSaved(async ({ url, query }) => {
    await fillSample(url, 120);
    await query("select lo_from_bytea(0, '\\xcafe')");
  }),
);

const rowsOf = (contents: Record<string, string>) =>
  Object.values(contents).reduce((sum, one) => sum + Number(one.split(":")[0]), 0);

describe("restore of a selection", () => {
  afterEach(() => started.target.renew());

  it("brings definitions without a row, then rows into them, and both together are the whole", async () => {
    const { target, saved, definition } = started;
    const first = await started.restore({ selection: "definitions" });
    expect(first).toMatchObject({ selection: "definitions", backupId: saved.backupId, rows: 0, users: 0, posts: 0 });
    expect(first.phases.map(({ name }) => name)).not.toContain("data");
    expect(await started.releasedDefinition()).toBe(definition);
    expect(rowsOf(await contentOf(target.url))).toBe(0);
    expect(await target.query("select from pg_largeobject_metadata")).toEqual([]);
    const sequence = "select last_value::int, is_called from public.posts_id_seq";
    expect(await target.query(sequence)).toEqual([{ last_value: 1, is_called: false }]);

    const stopping = { selection: "rows", ...abortAt("Restoring", undefined, 60) } as const;
    await expect(started.restore(stopping)).rejects.toThrow("stopped");
    const second = await started.restore({ selection: "rows" });
    expect(second).toMatchObject({ selection: "rows", rows: saved.rows, posts: 120 });
    expect(await contentOf(target.url)).toEqual(started.content);
    expect(await started.releasedDefinition()).toBe(definition);
    const objects = "select encode(lo_get(oid), 'hex') as data from pg_largeobject_metadata";
    expect(await target.query(objects)).toEqual([{ data: "cafe" }]);
    const tags = "select count(*)::int as n from public.tag_counts";
    expect(await target.query(tags)).toEqual(await started.database.query(tags));
    // Once done, each is done.
    const finishedBefore: unknown = expect.stringMatching(/^20\d\d-/);
    expect(await started.restore({ selection: "rows" })).toEqual({ ...second, finishedBefore });
    expect(await started.restore({ selection: "definitions" })).toEqual({ ...first, finishedBefore });
  }, 60_000);

  it("refuses rows if definitions differ, rows exist or triggers would act, by name, and leaves all as it is", async () => {
    const { target, saved } = started;
    const rows = () => started.restore({ selection: "rows" });
    await expectRefusal(rows(), UserError, /is not defined as backup .* is \(.*is missing.*\(--only schema\)\.$/);
    await started.restore({ selection: "definitions" });
    await target.query("alter table public.posts add column extra int");
    await expect(rows()).rejects.toThrow("(column public.posts.extra is not in the backup)");
    await target.query("alter table public.posts drop column extra");
    await target.query("insert into public.page_views values ('/mine', now()); select lo_from_bytea(0, '\\x01')");
    await expect(rows()).rejects.toThrow("holds rows already (public.page_views; large objects)");
    expect(rowsOf(await contentOf(target.url))).toBe(1);
    await target.query(`truncate public.page_views; select lo_unlink(oid) from pg_largeobject_metadata;
      alter table public.posts enable always trigger posts_touched`);
    await expect(rows()).rejects.toThrow(/trigger public\.posts\.posts_touched is defined otherwise/);
    expect(rowsOf(await contentOf(target.url))).toBe(0);
    await target.query("alter table public.posts enable trigger posts_touched");
    expect((await rows()).rows).toBe(saved.rows);
  }, 60_000);
});

describe("selectBackup", () => {
  const summary = (day: number, kind: BackupKind, proven = true): BackupSummary => {
    const snapshotAt = `2026-07-0${day}T02:00:05.000Z`;
    const backupId = `2026070${day}T020000Z-00000${day}`;
    return {
      backupId,
      tier: "daily",
      prefix: "daily/",
      startedAt: new Date(snapshotAt),
      sizeBytes: 1,
      manifest: { backupId, snapshotAt, kind } as Manifest,
      proven,
      problems: proven ? [] : ["it was not read back yet"],
    };
  };
  const full = summary(1, "full");
  const schema = summary(2, "schema-only");
  const critical = summary(3, "critical");
  const configuration = summary(4, "configuration");
  const all = [configuration, critical, schema, full];
  const chosen = (...given: Parameters<typeof selectBackup>) => {
    const { manifest, selection } = selectBackup(...given);
    return [manifest.backupId, selection];
  };

  it("takes the newest full one, whatever is wished of it", () => {
    expect(chosen(all, {}, undefined)).toEqual([full.backupId, "everything"]);
    expect(chosen(all, {}, "definitions")).toEqual([full.backupId, "definitions"]);
    expect(chosen(all, {}, "rows")).toEqual([full.backupId, "rows"]);
  });

  it("takes what a named one holds", () => {
    expect(chosen(all, { backupId: full.backupId }, undefined)).toEqual([full.backupId, "everything"]);
    expect(chosen(all, { backupId: full.backupId }, "rows")).toEqual([full.backupId, "rows"]);
    expect(chosen(all, { backupId: schema.backupId }, undefined)).toEqual([schema.backupId, "definitions"]);
    expect(chosen(all, { backupId: critical.backupId }, undefined)).toEqual([critical.backupId, "rows"]);
  });

  it.each([
    [
      schema.backupId,
      "rows",
      `holds only definitions without rows, not rows without definitions. The newest that does is ${critical.backupId}.`,
    ],
    [
      critical.backupId,
      "everything",
      `of kind critical. It holds only rows without definitions, not a whole database. The newest that does is ${full.backupId}.`,
    ],
    [configuration.backupId, undefined, "holds no database"],
  ] as const)("refuses what %s can't give (%s)", (backupId, wish, message) =>
    expectRefusal(() => selectBackup(all, { backupId }, wish), UserError, message),
  );

  it("says which kinds there are if none serves", () => {
    const unproven = { ...full, proven: false };
    expect(() => selectBackup([schema, critical, unproven], { backupId: schema.backupId }, "everything")).toThrow(
      "not a whole database. No backup in this vault does. It has 1 of kind schema-only, 1 of kind critical.",
    );
  });
});
