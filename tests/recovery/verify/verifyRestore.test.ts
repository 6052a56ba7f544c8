import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { sandboxPostgres } from "../../../lab/sandbox/postgres/binaries.ts";
import { applySchema, fill } from "../../../lab/sandbox/sample/database.ts";
import { RECOVERY_LOG_PREFIX } from "../../../planning/names.ts";
import type { BackupOptions } from "../../../recovery/backup/backupOptions.ts";
import type { Throwaway } from "../../../recovery/postgres/session/throwawayPostgres.ts";
import { CHECKLIST, readVerifications, type VerifiedState } from "../../../recovery/vault/verification.ts";
import { type CheckLine, stateOf } from "../../../recovery/verify/testRestore/checklist.ts";
import { localThrowaway } from "../../../recovery/verify/throwaway/localThrowaway.ts";
import { scratchThrowaway } from "../../../recovery/verify/throwaway/scratchThrowaway.ts";
import { FailedVerification, type VerifyOptions, type VerifyResult } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import { ageOpener, ageSealer } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { type BackingUp, startBackingUp } from "../support/backingUp.ts";
import { resign } from "../support/resign.ts";
import { runSql, tamper } from "../support/sample.ts";
import { wishFor } from "./throwaway/support/wish.ts";

let source: BackingUp;
let database: TestDatabase;
let signer: Signer;
let trustedKeys: string[];
let vault: Vault;
let temporary: string;
let backupId: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "verify-test-"));
  source = await startBackingUp();
  ({ database, signer, trustedKeys } = source);
  await applySchema(database.url);
  await fill(database.url, { rows: 40 });
  vault = await source.cloud.newVault();
  ({ backupId } = await source.backUp(vault));
});
afterAll(async () => {
  await Promise.all([source.stop(), rm(temporary, { recursive: true, force: true })]);
});

const asSuperuser = (sql: string) => runSql(database.superuserUrl, sql);
const throwaways = () => localThrowaway({ PG_BIN: sandboxPostgres.folder, TMPDIR: temporary });
const verify = (more: Partial<VerifyOptions> = {}) =>
  source.check(vault, { restore: { throwaways: throwaways(), forbidden: [], clock: systemClock }, ...more });
const folders = async () => await readdir(temporary);

/** What a verification that fails has found. */
async function failure(work: Promise<VerifyResult>): Promise<VerifyResult> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FailedVerification);
  return (error as FailedVerification).result;
}

/** The checks that are not ok, by name. */
const broken = (lines: readonly CheckLine[]) =>
  Object.fromEntries(lines.filter((line) => line.state === "not ok").map((line) => [line.what, line.detail]));

/** Takes a further backup into a vault of its own. */
async function takeBackup(more?: Partial<BackupOptions>): Promise<{ vault: Vault; tier: string; backupId: string }> {
  const own = await source.cloud.newVault();
  return { vault: own, ...(await source.backUp(own, more)) };
}

/** What a backup's verifications show. */
async function verifiedState(of: Vault): Promise<VerifiedState> {
  const [listed] = await source.list(of);
  return await readVerifications(of, { backupId: listed!.backupId, ...listed!.verifications! }, trustedKeys);
}

describe("verify --restore", () => {
  it("restores a good backup into a throwaway and makes each check of the checklist", async () => {
    const result = await verify({ store: { signer, clock: systemClock } });
    expect(result).toMatchObject({ backupId, ok: true, level: "restored-proven" });
    const lines = result.restore!.lines;
    expect(broken(lines)).toEqual({});
    expect(CHECKLIST.map((item) => stateOf(lines, item))).toEqual(["ok", "ok", "ok", "partly", "partly", "partly"]);
    expect(lines.filter((line) => line.state === "not checked").map((line) => [line.what, line.detail])).toEqual([
      ["the API over HTTP", expect.stringMatching(/^not checked here: /)],
      ["a login at the Auth service", expect.stringMatching(/^not checked here: /)],
      ["the app itself", expect.stringMatching(/^not checked here: /)],
    ]);
    expect(await folders()).toEqual([]);
    expect((await verifiedState(vault)).best).toMatchObject({ level: "restored-proven", restore: { lines } });
    // A recovery log with tests in it would hide the recoveries.
    expect(await vault.list(RECOVERY_LOG_PREFIX)).toEqual([]);
  });

  it("catches a restore that differs from what the trusted key has signed, stores that, and removes the throwaway", async () => {
    const taken = await takeBackup();
    await resign(taken.vault, signer, taken, (manifest) => {
      manifest.seedCounts.posts += 1;
      manifest.objects["policy public.posts.a policy that was not restored"] = "0".repeat(32);
    });
    const result = await failure(verify({ vault: taken.vault, store: { signer, clock: systemClock } }));
    expect(broken(result.restore!.lines)).toEqual({
      restore: expect.stringContaining("a policy that was not restored is missing"),
      "row level security": "policy public.posts.a policy that was not restored is missing",
      "counts of users, posts and applications": "there are 40 posts instead of 41",
    });
    expect(await verifiedState(taken.vault)).toMatchObject({ latest: { ok: false }, best: undefined });
    expect(await folders()).toEqual([]);
  });

  it("is not ok when the throwaway server lacks an extension, and says which", async () => {
    const taken = await takeBackup();
    await resign(taken.vault, signer, taken, (manifest) => {
      manifest.extensions.push({ name: "vector", version: "0.8.0", schema: "extensions" });
    });
    const { restore } = await failure(verify({ vault: taken.vault }));
    expect(broken(restore!.lines)).toEqual({
      restore: expect.stringContaining("does not offer vector 0.8.0"),
    });
    expect(CHECKLIST.map((item) => stateOf(restore!.lines, item))).toEqual([
      "not ok",
      ...Array<string>(5).fill("not checked"),
    ]);
    expect(await folders()).toEqual([]);
  });

  it("removes the throwaway and stores nothing when it is interrupted", async () => {
    const keys = async () => (await vault.list("annual/")).map((one) => one.key);
    const before = await keys();
    const controller = new AbortController();
    const said: string[] = [];
    const reporter = (message: string) => {
      said.push(message);
      if (message.startsWith("Restoring ")) controller.abort(new Error("stopped by hand"));
    };
    await expect(
      verify({ reporter, signal: controller.signal, store: { signer, clock: systemClock } }),
    ).rejects.toThrow("stopped by hand");
    expect(said).toContainEqual(expect.stringContaining("Starting a throwaway"));
    expect(await folders()).toEqual([]);
    expect(await keys()).toEqual(before);
  });

  it("only restores a sound, complete and full backup", async () => {
    await expect(verify({ share: { number: 1, of: 2 } })).rejects.toThrow("Leave out `--sample` or `--restore`");
    const taken = await takeBackup();
    await tamper(taken.vault, `${taken.tier}/${taken.backupId}/schema.dump.zst`, (content) => content.subarray(1));
    const result = await failure(verify({ vault: taken.vault, backupId: taken.backupId }));
    expect(result.restore).toBeUndefined();
    expect(result.faults).toHaveLength(1);
    await resign(taken.vault, signer, taken, (manifest) => void (manifest.kind = "schema-only"));
    const refused = verify({ vault: taken.vault, backupId: taken.backupId });
    await expect(refused).rejects.toThrow('is of kind "schema-only"');
    await expect(refused).rejects.toBeInstanceOf(UserError);
  });

  it("restores the rows of extensions, and reports the vault's secrets and a missing identity", async () => {
    await asSuperuser(`create schema places; create extension castchat_places with schema places; grant all on schema places to postgres;
       grant all on all tables in schema places to postgres; grant all on all sequences in schema places to postgres;
       select vault.create_secret('sesame', 'door')`);
    const identity = await generateX25519Identity();
    const sealer = ageSealer([await identityToRecipient(identity)]);
    const taken = await takeBackup({ sealer });
    const manifest = await source.manifestOf(taken.vault);
    expect(manifest.tables.filter(({ kind }) => kind === "extension")).not.toEqual([]);
    const sealed = verify({ vault: taken.vault, store: { signer, clock: systemClock } });
    await expect(sealed).rejects.toThrow("Set CASTCHAT_AGE_IDENTITY");
    await expect(sealed).rejects.toBeInstanceOf(UserError);
    expect(await taken.vault.list(`${taken.tier}/${taken.backupId}/verifications/`)).toEqual([]);

    const result = await verify({ vault: taken.vault, opener: ageOpener([identity]) });
    expect(broken(result.restore!.lines)).toEqual({});
    expect(result.level).toBe("restored-proven");
    expect(result.restore!.lines.find((line) => line.what === "the vault's secrets")).toMatchObject({
      state: "not checked",
      detail: expect.stringContaining("no place for them"),
    });
    expect(JSON.stringify(result)).not.toContain("sesame");
    expect(await verify({ vault: taken.vault, opener: ageOpener([identity]), restore: undefined })).toMatchObject({
      level: "decrypt-proven",
    });
    expect(await verify({ vault: taken.vault, restore: undefined })).toMatchObject({ level: "proven" });
    await asSuperuser("drop extension castchat_places; drop schema places; delete from vault.secrets");
  });

  it("accepts unknown tables and columns of Supabase", async () => {
    await asSuperuser(`set role supabase_auth_admin;
       create type auth.factor_type as enum ('totp', 'phone');
       create table auth.mfa_factors (id uuid primary key, user_id uuid not null references auth.users, factor auth.factor_type, note text);
       insert into auth.mfa_factors select gen_random_uuid(), id, 'totp', e'a\\\\b\\tc' from auth.users limit 3;
       insert into auth.mfa_factors select gen_random_uuid(), id, null, '' from auth.users limit 1;
       alter table auth.users add column newer jsonb default '{"a": 1}';
       grant all on auth.mfa_factors to postgres`);
    const taken = await takeBackup();
    const result = await verify({ vault: taken.vault });
    expect(result.level).toBe("restored-proven");
    expect(result.restore!.notes).toContainEqual(
      expect.stringMatching(/^These columns .* as text: auth\.mfa_factors, auth\.users\.newer\.$/),
    );
    await asSuperuser(
      "drop table auth.mfa_factors; drop type auth.factor_type; alter table auth.users drop column newer",
    );
  });
});

describe("verify --restore on a scratch server", () => {
  const rolesOf = (url: string) =>
    runSql<{ rolname: string }>(url, "select rolname from pg_roles where rolname !~ '^pg_' order by 1");
  // Ended also where a test fails.
  const running: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of running.splice(0)) await stop();
  });
  const databasesOf = (url: string) => runSql(url, "select datname from pg_database order by 1");

  /** A server that has nothing of Supabase. */
  async function plainServer(): Promise<Throwaway> {
    const plain = await throwaways().create(wishFor());
    running.push(() => plain.remove());
    return plain;
  }

  it("leaves a Supabase server as it was: databases, roles and rights", async () => {
    const scratch = await startTestDatabase(sandboxPostgres, "own");
    running.push(() => scratch.stop());
    const state = async () => [
      await rolesOf(scratch.superuserUrl),
      await databasesOf(scratch.superuserUrl),
      await runSql(scratch.superuserUrl, "select * from pg_auth_members order by 1"),
      await runSql(scratch.superuserUrl, "select * from pg_parameter_acl order by 1"),
    ];
    const before = await state();
    const restore = { throwaways: scratchThrowaway(scratch.superuserUrl), forbidden: [], clock: systemClock };
    const result = await verify({ restore });
    expect(broken(result.restore!.lines)).toEqual({});
    expect(result.level).toBe("restored-proven");
    expect(result.restore!.lines.find((line) => line.what === "the API's login")!.state).toBe("not checked");
    expect(await state()).toEqual(before);
  });

  it("leaves a plain server as it was", async () => {
    const plain = await plainServer();
    const before = [await rolesOf(plain.adminUrl), await databasesOf(plain.adminUrl)];
    const restore = { throwaways: scratchThrowaway(plain.adminUrl), forbidden: [], clock: systemClock };
    const result = await verify({ restore });
    expect(broken(result.restore!.lines)).toEqual({});
    expect(result.level).toBe("restored-proven");
    expect([await rolesOf(plain.adminUrl), await databasesOf(plain.adminUrl)]).toEqual(before);
  });

  it("passes on a server whose superuser has the name of Supabase's postgres, as in PostgreSQL's image", async () => {
    const plain = await plainServer();
    await runSql(plain.adminUrl, "create role postgres superuser login password 'postgres'");
    const url = new URL(plain.adminUrl);
    [url.username, url.password] = ["postgres", "postgres"];
    const restore = { throwaways: scratchThrowaway(url.href), forbidden: [], clock: systemClock };
    const result = await verify({ restore });
    expect(broken(result.restore!.lines)).toEqual({});
    expect(result.level).toBe("restored-proven");
  });

  it("never runs on the server that the backup comes from", async () => {
    const restore = { throwaways: scratchThrowaway(database.superuserUrl), forbidden: [], clock: systemClock };
    await expect(verify({ restore })).rejects.toThrow("A test restore never runs there");
    expect(await databasesOf(database.superuserUrl)).toHaveLength(3);
  });
});
