import { beforeAll, describe, expect, it } from "@jest/globals";

import type { BackupOptions } from "../../../recovery/backup/backupOptions.ts";
import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { connect } from "../../../recovery/postgres/session/database.ts";
import { chooseBackup } from "../../../recovery/vault/chooseBackup.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { realTiming } from "../../../services/common/timing.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { startBackingUp } from "../support/backingUp.ts";

const source = forSuite(() => startBackingUp(60));
let database: TestDatabase;
let vault: Vault;
beforeAll(async () => {
  ({ database, vault } = source);
  await database.query("select lo_from_bytea(0, '\\xcafe')");
});

const CRITICAL = ["public.users", "public.posts", "public.applications"];
const backup = (more: Partial<BackupOptions> = {}) => source.backUp(vault, { criticalTables: CRITICAL, ...more });
const list = () => source.list();
const manifestOf = (backupId: string) => source.manifestOf(vault, backupId);
const partsOf = async (backupId: string) => (await manifestOf(backupId)).parts.map(({ name }) => name).sort();
const check = (backupId: string) => source.check(vault, { backupId });
const configurationThere = () => readConfiguration(source.common);

describe("kinds of backup", () => {
  it("hold what they promise, are verified, and never stand in for a full one", async () => {
    const configuration = () => Promise.resolve({ zone: "castchat.example" });
    const schema = await backup({ kind: "schema-only" });
    const data = await backup({ kind: "data-only" });
    const critical = await backup({ kind: "critical" });
    const settings = await backup({ kind: "configuration", databaseUrl: undefined, configuration });
    const { appSchemas } = await manifestOf(schema.backupId);
    expect(appSchemas).toContain("public");

    const parts = ["held-back.json", "managed-objects.sql", "roles.sql", "schema.dump"];
    expect(await partsOf(schema.backupId)).toEqual(parts);
    expect(schema).toMatchObject({ tables: 0, rows: 0, tier: "daily" });
    expect(await partsOf(data.backupId)).toEqual(["large-objects.dump"]);
    expect(data.tables).toBeGreaterThan(20);
    expect(await partsOf(critical.backupId)).toEqual([]);
    expect((await manifestOf(critical.backupId)).tables.map(({ schema: of, name }) => `${of}.${name}`)).toEqual(
      [...CRITICAL].sort(),
    );
    expect((await manifestOf(critical.backupId)).seedCounts.posts).toBe(60);
    expect(await partsOf(settings.backupId)).toEqual(["configuration.json"]);

    expect((await list()).map(({ proven }) => proven)).toEqual([true, true, true, true]);
    for (const { backupId } of [schema, data, critical, settings])
      expect(await check(backupId)).toMatchObject({ backupId });
    expect(() => chooseBackup([], {})).toThrow("no proven full backup");
    const backups = await list();
    expect(() => chooseBackup(backups, {})).toThrow("of kind configuration");
    expect(chooseBackup(backups, { backupId: data.backupId }).chosen.backupId).toBe(data.backupId);
    expect(await configurationThere()).toHaveProperty("configuration.zone", "castchat.example");

    // Four others were taken this year. The first full one still opens the longest tier, and only it is held.
    const full = await backup({ configuration });
    expect(full.tier).toBe("annual");
    // A backup of a state that is about to be replaced is full, but not the successor.
    const safety = await backup({ isSafety: true });
    expect(safety).toMatchObject({ kind: "full", tier: "daily" });
    const holds = await Promise.all(
      [full, data, safety].map(({ tier, backupId }) => vault.hasLegalHold(`${tier}/${backupId}/manifest.json`)),
    );
    expect(holds).toEqual([true, false, false]);
    expect(chooseBackup(await list(), {}).chosen.backupId).toBe(full.backupId);
    expect(await configurationThere()).toHaveProperty("configuration.zone", "castchat.example");
  });

  it("report a critical table that does not exist", async () => {
    const wrong = backup({ kind: "critical", criticalTables: ["public.posts", "public.postz"] });
    await expectRefusal(wrong, UserError, /no table public\.postz in postgres\. Correct `criticalTables`/);
  });
});

describe("a run that is much smaller than the last", () => {
  it("is stored, and counts only once it is accepted", async () => {
    const before = await backup();
    await database.query("create table public.kept as table public.page_views; truncate public.page_views");
    await database.query("alter table public.kept set schema private; drop table private.kept");
    const reason = /does not count as proven: it holds \d+ rows, \d+ % fewer than/;
    await expectRefusal(backup({ shrinkPercent: 1 }), PromiseError, reason);
    const [newest] = await list();
    expect(newest).toMatchObject({
      proven: false,
      problems: [expect.stringContaining(`fewer than ${before.backupId}`)],
    });
    expect(chooseBackup(await list(), {}).chosen.backupId).toBe(before.backupId);
    expect(await vault.hasLegalHold(`${before.tier}/${before.backupId}/manifest.json`)).toBe(true);
    expect(await check(newest!.backupId)).toMatchObject({ backupId: newest!.backupId });

    const accepted = await backup({ shrinkPercent: 1, acceptsSmaller: true });
    expect(chooseBackup(await list(), {}).chosen.backupId).toBe(accepted.backupId);
  });

  it("is one that lacks an expected table", async () => {
    await expect(backup({ criticalTables: [...CRITICAL, "public.gone"] })).rejects.toThrow(
      "the expected table public.gone is not there",
    );
  });
});

describe("two runs", () => {
  it("never run at once: the second reports the first by name", async () => {
    const first = await connect(database.url, { applicationName: "castchat-recovery backup one" });
    await first.query("select pg_advisory_lock(hashtextextended('castchat-recovery backup', 0))");
    const before = (await list()).length;
    await expect(backup({ timing: { ...realTiming, runLockMs: 1_000 } })).rejects.toThrow(
      /is running \("castchat-recovery backup one", since .*Z\)\. Wait for it to finish/,
    );
    expect((await list()).length).toBe(before);
    await first.end();
    expect(await backup()).toMatchObject({ kind: "full" });
  }, 30_000);
});

describe("a run that loses the session of its snapshot", () => {
  it("starts again, and nothing of the first reading is part of the backup", async () => {
    let cuts = 0;
    const reporter = (message: string) => {
      if (!message.startsWith("Dumping") || cuts > 0) return;
      cuts += 1;
      void database.asSuperuser(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'castchat-recovery backup%'",
      );
    };
    const result = await backup({ reporter });
    expect(cuts).toBe(1);
    const manifest = await manifestOf(result.backupId);
    expect([...manifest.parts, ...manifest.chunks].every(({ key }) => key.includes("/attempt-2/"))).toBe(true);
    expect(await check(result.backupId)).toMatchObject({ backupId: result.backupId });
  });
});
