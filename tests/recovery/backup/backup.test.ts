import { DeleteObjectCommand, GetObjectRetentionCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { applySchema, fill } from "../../../lab/sandbox/sample/database.ts";
import { TIERS } from "../../../planning/tiers.ts";
import type { BackupOptions } from "../../../recovery/backup/backupOptions.ts";
import { openSnapshot } from "../../../recovery/backup/snapshot.ts";
import { connect, withSession } from "../../../recovery/postgres/session/database.ts";
import { chooseBackup } from "../../../recovery/vault/chooseBackup.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { fingerprintOfKey } from "../../../services/signer/signer.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { type BackingUp, startBackingUp } from "../support/backingUp.ts";
import type { TestCloud } from "../support/cloud.ts";
import { putInPlace } from "../support/inPlace.ts";
import { runSql, tamper } from "../support/sample.ts";

let source: BackingUp;
let cloud: TestCloud;
let database: TestDatabase;
beforeAll(async () => {
  source = await startBackingUp();
  ({ cloud, database } = source);
  await applySchema(database.url);
  await fill(database.url, { rows: 40 });
});
afterAll(() => source.stop());

const asOwner = (sql: string) => runSql(database.url, sql);
const asSuperuser = (sql: string) => runSql(database.superuserUrl, sql);
const backup = (vault: Vault, more?: Partial<BackupOptions>) => source.backUp(vault, more);
const list = (vault: Vault) => source.list(vault);
const check = (vault: Vault, backupId?: string) => source.check(vault, { backupId });
const choose = async (vault: Vault) => chooseBackup(await list(vault), {});

describe("backup", () => {
  it("stores a proven backup, promotes by the calendar and holds the newest", async () => {
    const vault = await cloud.newVault();
    const configuration = () => Promise.resolve({ zone: "castchat.example" });
    const first = await backup(vault, { configuration });
    const second = await backup(vault, { configuration });
    expect([first.tier, second.tier]).toEqual(["annual", "daily"]);
    expect(first.tables).toBeGreaterThan(20);
    expect(first.rows).toBe(second.rows);

    const backups = await list(vault);
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
    await vault.setLegalHold(dump!.key, false);
    await expect(
      cloud.s3.send(new DeleteObjectCommand({ Bucket: vault.name, Key: dump!.key, VersionId: dump!.versionId })),
    ).rejects.toThrow();
    expect(await check(vault)).toMatchObject({ backupId: second.backupId, rows: second.rows });
  });

  it("locks every object for as long as its tier says, in all kinds of content", async () => {
    const vault = await cloud.newVault();
    await asOwner("select lo_from_bytea(4712, '\\xcafe')");
    const { backupId, tier } = await backup(vault, { configuration: () => Promise.resolve({}) });
    await asOwner("select lo_unlink(4712)");
    const manifest = await source.manifestOf(vault);
    const lockDays = TIERS.find(({ name }) => name === tier)!.lockDays;
    const until = new Date(Date.parse(manifest.startedAt) + lockDays * 86_400_000);
    const objects = await vault.list(`${tier}/${backupId}/`);
    expect(objects.length).toBe(manifest.parts.length + manifest.chunks.length + 3);
    for (const { key } of objects) {
      const { Retention } = await cloud.s3.send(new GetObjectRetentionCommand({ Bucket: vault.name, Key: key }));
      expect([key, Retention?.Mode, Retention?.RetainUntilDate]).toEqual([key, "GOVERNANCE", until]);
    }
  });

  it("reads everything at one instant while other sessions write", async () => {
    const vault = await cloud.newVault();
    const stop = new AbortController();
    const writer = (async () => {
      while (!stop.signal.aborted)
        await asOwner("insert into public.page_views select '/x', now()::date from generate_series(1, 50)");
    })();
    // Its proof compares the rows in the dump with those that the server counted.
    const { backupId } = await backup(vault);
    stop.abort();
    await writer;
    expect(await check(vault)).toMatchObject({ backupId });
  });

  it("leaves no backup when it is aborted or the configuration is not available", async () => {
    const vault = await cloud.newVault();
    const controller = new AbortController();
    const reporter = (message: string) => {
      if (message.startsWith("Dumping")) setTimeout(() => controller.abort(new Error("stopped by hand")), 30);
    };
    await expect(backup(vault, { reporter, signal: controller.signal })).rejects.toThrow("stopped by hand");
    const configuration = () => Promise.reject(new Error("Vercel is down"));
    await expect(backup(vault, { configuration })).rejects.toThrow("Vercel is down");
    expect((await list(vault)).filter((one) => one.manifest !== undefined)).toEqual([]);
    const sessions = await asOwner(
      "select application_name from pg_stat_activity where application_name like 'castchat-recovery%'",
    );
    expect(sessions).toEqual([]);
  });

  it("refuses to run when its role may not read a table", async () => {
    const vault = await cloud.newVault();
    await asSuperuser(
      "create role reader login password 'x'; grant usage on schema public, private, auth, storage to reader",
    );
    const databaseUrl = `postgresql://reader:x@127.0.0.1:${database.port}/postgres`;
    await expect(backup(vault, { databaseUrl })).rejects.toThrow(
      /"reader" may not read .*public\.posts.* Grant it SELECT/,
    );
    await asSuperuser("grant pg_read_all_data to reader");
    await expect(backup(vault, { databaseUrl })).rejects.toThrow(
      /Row level security hides rows of .*public\.posts.* from "reader"/,
    );
    await expect(backup(vault, { databaseUrl })).rejects.toBeInstanceOf(UserError);
    await asSuperuser("drop owned by reader; drop role reader");
    expect(await list(vault)).toEqual([]);
  });

  it("lists the tables that the platform hides, and backs up the rest", async () => {
    const vault = await cloud.newVault();
    await asSuperuser(`create role limited login bypassrls password 'x'; grant usage on schema public, private, auth, storage to limited;
       grant select on all tables in schema public, private, auth, storage to limited;
       grant select on all sequences in schema public, private, auth, storage to limited;
       create table auth.kept_secret (id int); insert into auth.kept_secret values (1)`);
    await backup(vault, { databaseUrl: `postgresql://limited:x@127.0.0.1:${database.port}/postgres` });
    await asSuperuser("drop table auth.kept_secret; drop owned by limited; drop role limited");
    const manifest = await source.manifestOf(vault);
    expect(manifest.leftOut).toContainEqual({
      what: "rows of auth.kept_secret",
      why: 'the platform does not let "limited" read it',
    });
    expect(manifest.tables.map(({ name }) => name)).not.toContain("kept_secret");
  });

  it("names settings of the database and of the platform's roles, which no part carries, without their values", async () => {
    const vault = await cloud.newVault();
    await asSuperuser(`create role carried; alter role carried set work_mem = '5MB'; alter role carried in database postgres set work_mem = '6MB';
       alter role authenticator set pgrst.db_schemas = 'public, api'; alter database postgres set app.jwt_secret = 'for no reader'`);
    try {
      await backup(vault);
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
    const vault = await cloud.newVault();
    // What the extension's catalog looks like; the extension itself is not on every server.
    await asOwner(
      "create schema _timescaledb_catalog; create table _timescaledb_catalog.hypertable as select 'public'::name as schema_name, 'metrics'::name as table_name",
    );
    await expect(backup(vault)).rejects.toThrow("Timescale hypertables public.metrics cannot be copied");
    await asOwner("drop schema _timescaledb_catalog cascade");
    expect(await list(vault)).toEqual([]);
  });

  it("says what is unreachable", async () => {
    const vault = await cloud.newVault();
    await expect(backup(vault, { databaseUrl: "postgresql://postgres:x@127.0.0.1:9/postgres" })).rejects.toThrow(
      "The database 127.0.0.1:9 cannot be reached",
    );
    const gone = s3Vault({ bucket: "x", region: "ap-northeast-1", endpoint: "http://127.0.0.1:9" });
    await expect(backup(gone)).rejects.toThrow("S3 in ap-northeast-1 at http://127.0.0.1:9 cannot be reached");
  });
});

describe("openSnapshot", () => {
  it("yields to a session that holds a table, and tries again", async () => {
    const other = await connect(database.url, { applicationName: "test" });
    await other.query("begin; lock table public.posts in access exclusive mode");
    const said: string[] = [];
    const reporter = (message: string) => {
      said.push(message);
      void other.query("rollback");
    };
    await withSession(database.url, { applicationName: "test", lockTimeoutMs: 200 }, async (session) => {
      const { tables } = await openSnapshot(session, reporter);
      expect(tables.map((table) => table.name)).toContain("posts");
    });
    expect(said).toEqual(["Another session holds a table: yielding, then trying again"]);
    await other.end();
  });
});

describe("verify and list", () => {
  it.each<[string, (content: Buffer) => Buffer, string, string]>([
    ["a flipped bit in a chunk", flipped, "SHA-256", "data/000001.copy.zst"],
    ["a chunk that is cut short", (whole) => whole.subarray(0, -1), "is damaged: it has", "data/000001.copy.zst"],
    ["a flipped bit", flipped, "is damaged: its SHA-256 is not the manifest's", "schema.dump.zst"],
    ["a truncated part", (whole) => whole.subarray(0, -100), "is damaged: it has", "schema.dump.zst"],
  ])("find %s", async (_case, change, message, object) => {
    const vault = await cloud.newVault();
    const { backupId, tier } = await backup(vault);
    await tamper(vault, `${tier}/${backupId}/${object}`, change);
    await expect(check(vault)).rejects.toThrow(message);
    await expect(check(vault)).rejects.toBeInstanceOf(PromiseError);
  });

  it("distinguish another writer's complete backup from a damaged or forged one", async () => {
    const vault = await cloud.newVault();
    const mine = await backup(vault);
    const stranger = await cloud.newSigner();
    // An unreadable backup is dated by its id, which names whole seconds: this one must be of a later second than mine.
    const clock = () => new Date(Date.now() + 2_000);
    const theirs = await backup(vault, { signer: stranger, clock });
    const at = `${theirs.tier}/${theirs.backupId}`;
    const seen = async () => (await list(vault)).find(({ backupId }) => backupId === theirs.backupId)!;
    const signedBy = fingerprintOfKey(await stranger.publicKeyPem());
    expect(await seen()).toMatchObject({ proven: false, untrusted: { signedBy } });
    expect((await list(vault)).find(({ backupId }) => backupId === mine.backupId)).not.toHaveProperty("untrusted");
    await expect(choose(vault)).rejects.toThrow(`but signed by key ${signedBy}, which is not trusted here`);

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
      expect(await seen()).not.toHaveProperty("untrusted");
      const { chosen, passedOver } = await choose(vault);
      expect(chosen.backupId).toBe(mine.backupId);
      expect(passedOver).toEqual([expect.stringContaining(`Backup ${theirs.backupId} of`)]);
    }
  });

  it("trust nothing that isn't signed by a trusted key, nor what was moved or back-dated", async () => {
    const vault = await cloud.newVault();
    const one = await backup(vault);
    const other = await backup(vault);
    const stranger = await (await cloud.newSigner()).publicKeyPem();
    const untrusted = await listBackups({ vault, trustedKeys: [stranger], tiers: TIERS });
    expect(untrusted.map(({ proven, problems }) => [proven, problems])).toEqual(
      Array(2).fill([
        false,
        [
          expect.stringMatching(
            /^its manifest is not signed by a trusted key, and claims to be signed by [0-9a-f]{16}$/,
          ),
        ],
      ]),
    );

    // A proof of another backup; then the other backup's manifest and signature in this one's place.
    const at = `${one.tier}/${one.backupId}`;
    const from = `${other.tier}/${other.backupId}`;
    await putInPlace(vault, `${at}/proof.json`, (await vault.getBytes(`${from}/proof.json`))!);
    expect((await list(vault)).find(({ backupId }) => backupId === one.backupId)).toMatchObject({
      proven: false,
      problems: ["its proof belongs to another backup"],
    });
    for (const object of ["manifest.json", "manifest.sig"])
      await putInPlace(vault, `${at}/${object}`, (await vault.getBytes(`${from}/${object}`))!);
    expect((await list(vault)).find(({ backupId }) => backupId === one.backupId)).toMatchObject({
      proven: false,
      problems: [expect.stringContaining("its manifest belongs to backup")],
    });
    await tamper(vault, `${from}/manifest.json`, (content) =>
      Buffer.from(content.toString().replace(/"snapshotAt": "20/, '"snapshotAt": "19')),
    );
    expect((await list(vault)).every(({ proven }) => !proven)).toBe(true);
    await expect(check(vault)).rejects.toThrow("This vault has no proven full backup");
    await expect(check(vault, one.backupId)).rejects.toBeInstanceOf(PromiseError);
  });

  it("report a part that is missing", async () => {
    const vault = await cloud.newVault();
    const tiers = [{ name: "daily", prefix: "daily/", period: "run" }] as const;
    const { backupId, tier } = await backup(vault, { tiers });
    const key = `${tier}/${backupId}/data/000001.copy.zst`;
    const [object] = await vault.list(key);
    await cloud.s3.send(new DeleteObjectCommand({ Bucket: vault.name, Key: key, VersionId: object!.versionId }));
    expect(await list(vault)).toMatchObject([{ proven: false, problems: [`${key} is missing`] }]);
  });
});

function flipped(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  copy[content.length >> 1]! ^= 1;
  return copy;
}
