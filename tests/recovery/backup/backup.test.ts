import { beforeEach, describe, expect, it } from "@jest/globals";

import { TIERS } from "../../../planning/tiers.ts";
import type { BackupOptions } from "../../../recovery/backup/backupOptions.ts";
import { beginReplacement, noteReplacement } from "../../../recovery/restore/inPlace/replaceRecord.ts";
import { chooseBackup } from "../../../recovery/vault/chooseBackup.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { fingerprintOfKey } from "../../../services/signer/signer.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { brisk } from "../../support/timing.ts";
import { startBackingUp } from "../support/backingUp.ts";
import type { TestCloud } from "../support/cloud.ts";
import { putInPlace, removeVersions } from "../support/inPlace.ts";
import { abortAt } from "../support/killing.ts";
import { tamper } from "../support/sample.ts";

const source = forSuite(() => startBackingUp(40));
let cloud: TestCloud;
let database: TestDatabase;
/** Of its own for each test. */
let vault: Vault;
beforeEach(async () => {
  ({ cloud, database } = source);
  vault = await cloud.newVault();
});

const asOwner = (sql: string) => database.query(sql);
const asSuperuser = (sql: string) => database.asSuperuser(sql);
const urlOf = (role: string) => `postgresql://${role}:x@127.0.0.1:${database.port}/postgres`;
const backup = (more?: Partial<BackupOptions>) => source.backUp(vault, more);
const list = () => source.list(vault);
/** A backup as it is listed. */
const listed = async (backupId: string) => (await list()).find((one) => one.backupId === backupId);
const check = (backupId?: string) => source.check(vault, { backupId });
const choose = async () => chooseBackup(await list(), {});

describe("backup", () => {
  it("stores a proven backup, promotes by the calendar and holds the newest", async () => {
    const configuration = () => Promise.resolve({ zone: "castchat.example" });
    const first = await backup({ configuration });
    const second = await backup({ configuration });
    expect([first.tier, second.tier]).toEqual(["annual", "daily"]);
    expect(first.tables).toBeGreaterThan(20);
    expect(first.rows).toBe(second.rows);

    const backups = await list();
    expect(backups.map(({ backupId, proven, problems }) => ({ backupId, proven, problems }))).toEqual([
      { backupId: second.backupId, proven: true, problems: [] },
      { backupId: first.backupId, proven: true, problems: [] },
    ]);
    const manifest = backups[1]!.manifest!;
    const parts = ["configuration.json", "held-back.json", "managed-objects.sql", "roles.sql", "schema.dump"];
    expect(manifest.parts.map((part) => part.name).sort()).toEqual(parts);
    expect(manifest.seedCounts.posts).toBe(40);
    const extensions = ["citext", "pg_cron", "pg_trgm", "pgcrypto", "uuid-ossp"];
    expect(manifest.extensions.map(({ name }) => name)).toEqual(extensions);
    expect(manifest.tables.find((table) => table.name === "awkward_values")!.rows).toBeGreaterThan(5);
    expect(manifest.leftOut.map(({ what }) => what)).toContain("passwords of roles");
    expect(JSON.stringify(manifest)).not.toContain("for tests");
    expect(await vault.hasLegalHold(`daily/${second.backupId}/schema.dump.zst`)).toBe(true);
    expect(await vault.hasLegalHold(`annual/${first.backupId}/schema.dump.zst`)).toBe(false);
    const [dump] = await vault.list(`daily/${second.backupId}/schema.dump`);
    const version = { Bucket: vault.name, Key: dump!.key, VersionId: dump!.versionId };
    await vault.setLegalHold(dump!.key, false);
    await expect(cloud.s3.deleteObject(version)).rejects.toThrow();
    expect(await check()).toMatchObject({ backupId: second.backupId, rows: second.rows });
  });

  it("locks every object for as long as its tier says, in all kinds of content", async () => {
    await asOwner("select lo_from_bytea(4712, '\\xcafe')");
    const { backupId, tier } = await backup({ configuration: () => Promise.resolve({}) });
    await asOwner("select lo_unlink(4712)");
    const manifest = await source.manifestOf(vault);
    const lockDays = TIERS.find(({ name }) => name === tier)!.lockDays;
    const until = new Date(Date.parse(manifest.startedAt) + lockDays * 86_400_000);
    const objects = await vault.list(`${tier}/${backupId}/`);
    expect(objects.length).toBe(manifest.parts.length + manifest.chunks.length + 3);
    for (const { key } of objects) {
      const { Retention } = await cloud.s3.getObjectRetention({ Bucket: vault.name, Key: key });
      expect([key, Retention?.Mode, Retention?.RetainUntilDate]).toEqual([key, "GOVERNANCE", until]);
    }
  });

  it("reads everything at one instant while other sessions write", async () => {
    const stop = new AbortController();
    const writer = (async () => {
      while (!stop.signal.aborted)
        await asOwner("insert into public.page_views select '/x', now()::date from generate_series(1, 50)");
    })();
    // Its proof compares the rows in the dump with those that the server counted.
    const { backupId } = await backup();
    stop.abort();
    await writer;
    expect(await check()).toMatchObject({ backupId });
  });

  it("leaves no backup when it is aborted or the configuration is not available", async () => {
    const { reporter, signal } = abortAt("Dumping", new Error("stopped by hand"), 30);
    await expect(backup({ reporter, signal })).rejects.toThrow("stopped by hand");
    const configuration = () => Promise.reject(new Error("Vercel is down"));
    await expect(backup({ configuration })).rejects.toThrow("Vercel is down");
    expect((await list()).filter((one) => one.manifest !== undefined)).toEqual([]);
    const sessions = await asOwner(
      "select application_name from pg_stat_activity where application_name like 'castchat-recovery%'",
    );
    expect(sessions).toEqual([]);
  });

  it("refuses a database whose replacement has begun while the run waited for its locks", async () => {
    await database.inSession(async (other) => {
      await beginReplacement(other, { restoreId: "r", backupId: "b", startedAt: new Date() });
      await other.query("begin; lock table public.posts in access exclusive mode");
      const reporter = (message: string) => {
        if (!message.startsWith("Another session holds")) return;
        void noteReplacement(other, { state: "aside" }).then(() => other.query("commit"));
      };
      await expectRefusal(backup({ reporter, timing: brisk }), UserError, /being replaced by backup b.*half-restored/);
      await other.query("drop schema castchat_recovery cascade");
    });
    expect((await list()).filter((one) => one.manifest !== undefined)).toEqual([]);
  });

  it("refuses to run when its role may not read a table", async () => {
    await asSuperuser(
      "create role reader login password 'x'; grant usage on schema public, private, auth, storage to reader",
    );
    const refused = () => backup({ databaseUrl: urlOf("reader") });
    await expect(refused()).rejects.toThrow(/"reader" may not read .*public\.posts.* Grant it SELECT/);
    await asSuperuser("grant pg_read_all_data to reader");
    await expectRefusal(refused, UserError, /Row level security hides rows of .*public\.posts.* from "reader"/);
    await asSuperuser("drop owned by reader; drop role reader");
    expect(await list()).toEqual([]);
  });

  it("lists the tables that the platform hides, and backs up the rest", async () => {
    await asSuperuser(`create role limited login bypassrls password 'x'; grant usage on schema public, private, auth, storage to limited;
       grant select on all tables in schema public, private, auth, storage to limited;
       grant select on all sequences in schema public, private, auth, storage to limited;
       create table auth.kept_secret (id int); insert into auth.kept_secret values (1)`);
    await backup({ databaseUrl: urlOf("limited") });
    await asSuperuser("drop table auth.kept_secret; drop owned by limited; drop role limited");
    const manifest = await source.manifestOf(vault);
    expect(manifest.leftOut).toContainEqual({
      what: "rows of auth.kept_secret",
      why: 'the platform does not let "limited" read it',
    });
    expect(manifest.tables.map(({ name }) => name)).not.toContain("kept_secret");
  });

  it("names settings of the database and of the platform's roles, which no part carries, without their values", async () => {
    await asSuperuser(`create role carried; alter role carried set work_mem = '5MB'; alter role carried in database postgres set work_mem = '6MB';
       alter role authenticator set pgrst.db_schemas = 'public, api'; alter database postgres set app.jwt_secret = 'for no reader'`);
    try {
      await backup();
    } finally {
      await asSuperuser(
        "alter role authenticator reset pgrst.db_schemas; alter database postgres reset app.jwt_secret; alter role carried in database postgres reset all; drop role carried",
      );
    }
    const manifest = await source.manifestOf(vault);
    const settings = manifest.leftOut.map(({ what }) => what).filter((what) => what.startsWith("settings of"));
    expect(settings).toContain("settings of role authenticator: pgrst.db_schemas, statement_timeout");
    expect(settings).toContain("settings of database postgres: app.jwt_secret");
    expect(settings).toContain("settings of role carried in database postgres: work_mem");
    expect(settings.some((what) => what.startsWith("settings of role carried:"))).toBe(false);
    expect(JSON.stringify(manifest)).not.toContain("for no reader");
  });

  it("refuses a hypertable, because its copy would be empty without an error", async () => {
    // What the extension's catalog looks like; the extension itself is not on every server.
    await asOwner(
      "create schema _timescaledb_catalog; create table _timescaledb_catalog.hypertable as select 'public'::name as schema_name, 'metrics'::name as table_name",
    );
    await expect(backup()).rejects.toThrow("Timescale hypertables public.metrics cannot be copied");
    await asOwner("drop schema _timescaledb_catalog cascade");
    expect(await list()).toEqual([]);
  });

  it("says what is unreachable", async () => {
    const databaseUrl = "postgresql://postgres:x@127.0.0.1:9/postgres";
    await expect(backup({ databaseUrl })).rejects.toThrow("The database 127.0.0.1:9 cannot be reached");
    const gone = s3Vault({ bucket: "x", region: "ap-northeast-1", endpoint: "http://127.0.0.1:9" });
    await expect(source.backUp(gone)).rejects.toThrow("S3 in ap-northeast-1 at http://127.0.0.1:9 cannot be reached");
  });
});

describe("verify and list", () => {
  it("distinguish another writer's complete backup from a damaged or forged one", async () => {
    const mine = await backup();
    const stranger = await cloud.newSigner();
    // An unreadable backup is dated by its id, which names whole seconds: this one must be of a later second than mine.
    const clock = () => new Date(Date.now() + 2_000);
    const theirs = await backup({ signer: stranger, clock });
    const at = `${theirs.tier}/${theirs.backupId}`;
    const signedBy = fingerprintOfKey(await stranger.publicKeyPem());
    expect(await listed(theirs.backupId)).toMatchObject({ proven: false, untrusted: { signedBy } });
    expect(await listed(mine.backupId)).not.toHaveProperty("untrusted");
    await expect(choose()).rejects.toThrow(`but signed by key ${signedBy}, which is not trusted here`);

    // Neither unread nor incomplete nor altered it stops anything; it is named, and the older one taken.
    const [proof, manifest] = await Promise.all(
      ["proof.json", "manifest.json"].map(async (object) => (await vault.getBytes(`${at}/${object}`))!),
    );
    const claimsOurs = manifest!.toString().replace(signedBy, fingerprintOfKey(source.trustedKeys[0]!));
    for (const [object, content] of [
      ["proof.json", Buffer.from("{}")],
      ["manifest.json", Buffer.from(claimsOurs)],
      ["manifest.json", Buffer.from(manifest!.toString().replaceAll("/data/0", "/data/9"))],
    ] as const) {
      await putInPlace(vault, `${at}/proof.json`, proof!);
      await putInPlace(vault, `${at}/${object}`, content);
      expect(await listed(theirs.backupId)).not.toHaveProperty("untrusted");
      const { chosen, passedOver } = await choose();
      expect(chosen.backupId).toBe(mine.backupId);
      expect(passedOver).toEqual([expect.stringContaining(`Backup ${theirs.backupId} of`)]);
    }
  });

  it("trust nothing that isn't signed by a trusted key, nor what was moved or back-dated", async () => {
    const one = await backup();
    const other = await backup();
    const stranger = await (await cloud.newSigner()).publicKeyPem();
    const untrusted = await listBackups({ vault, trustedKeys: [stranger], tiers: TIERS });
    const why = /^its manifest is not signed by a trusted key, and claims to be signed by [0-9a-f]{16}$/;
    expect(untrusted.map(({ proven, problems }) => [proven, problems])).toEqual(
      Array(2).fill([false, [expect.stringMatching(why)]]),
    );

    // A proof of another backup; then the other backup's manifest and signature in this one's place.
    const at = `${one.tier}/${one.backupId}`;
    const from = `${other.tier}/${other.backupId}`;
    await putInPlace(vault, `${at}/proof.json`, (await vault.getBytes(`${from}/proof.json`))!);
    const ofAnother = ["its proof belongs to another backup"];
    expect(await listed(one.backupId)).toMatchObject({ proven: false, problems: ofAnother });
    for (const object of ["manifest.json", "manifest.sig"])
      await putInPlace(vault, `${at}/${object}`, (await vault.getBytes(`${from}/${object}`))!);
    const belongsElsewhere = expect.stringContaining("its manifest belongs to backup");
    expect(await listed(one.backupId)).toMatchObject({ proven: false, problems: [belongsElsewhere] });
    await tamper(vault, `${from}/manifest.json`, (content) =>
      Buffer.from(content.toString().replace(/"snapshotAt": "20/, '"snapshotAt": "19')),
    );
    expect((await list()).every(({ proven }) => !proven)).toBe(true);
    await expect(check()).rejects.toThrow("This vault has no proven full backup");
    await expect(check(one.backupId)).rejects.toBeInstanceOf(PromiseError);
  });

  it("report a part that is missing", async () => {
    const tiers = [{ name: "daily", prefix: "daily/", period: "run" }] as const;
    const { backupId, tier } = await backup({ tiers });
    const key = `${tier}/${backupId}/data/000001.copy.zst`;
    await removeVersions(vault, key);
    expect(await list()).toMatchObject([{ proven: false, problems: [`${key} is missing`] }]);
  });
});
