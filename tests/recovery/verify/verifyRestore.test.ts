import { beforeAll, describe, expect, it } from "@jest/globals";

import { sandboxPostgres } from "../../../lab/sandbox/postgres/binaries.ts";
import { RECOVERY_LOG_PREFIX } from "../../../planning/names.ts";
import type { BackupOptions } from "../../../recovery/backup/backupOptions.ts";
import { CHECKLIST } from "../../../recovery/vault/verification.ts";
import { type CheckLine, stateOf } from "../../../recovery/verify/testRestore/checklist.ts";
import { scratchThrowaway } from "../../../recovery/verify/throwaway/scratchThrowaway.ts";
import type { VerifyOptions } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { newAgeKey } from "../support/ageKey.ts";
import { startBackingUp } from "../support/backingUp.ts";
import { failure } from "../support/failure.ts";
import { abortAt } from "../support/killing.ts";
import { resign } from "../support/resign.ts";
import { runSql, tamper } from "../support/sample.ts";
import { restoringInto, startThrowaways, wishFor } from "../support/throwaways.ts";

const throwaways = forSuite(startThrowaways);
const source = forSuite(() => startBackingUp(40));
let database: TestDatabase;
let signer: Signer;
let vault: Vault;
let backupId: string;
beforeAll(async () => {
  ({ database, signer, vault } = source);
  ({ backupId } = await source.backUp());
});

const asSuperuser = (sql: string) => database.asSuperuser(sql);
const verify = (more: Partial<VerifyOptions> = {}) =>
  source.check(vault, { restore: restoringInto(throwaways), ...more });
/** A verification that restores into a database of a scratch server. */
const verifyOn = (scratchUrl: string, more: Partial<VerifyOptions> = {}) =>
  verify({ ...more, restore: restoringInto(scratchThrowaway(scratchUrl)) });
const storing = () => ({ store: { signer, clock: systemClock } });

/** The checks that are not ok, by name. */
const broken = (lines: readonly CheckLine[]) =>
  Object.fromEntries(lines.filter((line) => line.state === "not ok").map((line) => [line.what, line.detail]));

/** Takes a further backup into a vault of its own. */
async function takeBackup(more?: Partial<BackupOptions>): Promise<{ vault: Vault; tier: string; backupId: string }> {
  const own = await source.cloud.newVault();
  return { vault: own, ...(await source.backUp(own, more)) };
}

describe("verify --restore", () => {
  it("restores a good backup into a throwaway and makes each check of the checklist", async () => {
    const result = await verify(storing());
    expect(result).toMatchObject({ backupId, ok: true, level: "restored-proven" });
    const lines = result.restore!.lines;
    expect(broken(lines)).toEqual({});
    expect(CHECKLIST.map((item) => stateOf(lines, item))).toEqual(["ok", "ok", "ok", "partly", "partly", "partly"]);
    expect(lines.filter((line) => line.state === "not checked").map((line) => [line.what, line.detail])).toEqual([
      ["the API over HTTP", expect.stringMatching(/^not checked here: /)],
      ["a login at the Auth service", expect.stringMatching(/^not checked here: /)],
      ["the app itself", expect.stringMatching(/^not checked here: /)],
    ]);
    expect(await throwaways.left()).toEqual([]);
    expect((await source.verified()).best).toMatchObject({ level: "restored-proven", restore: { lines } });
    // A recovery log with tests in it would hide the recoveries.
    expect(await vault.list(RECOVERY_LOG_PREFIX)).toEqual([]);
  });

  it("catches a restore that differs from what the trusted key has signed, stores that, and removes the throwaway", async () => {
    const taken = await takeBackup();
    await resign(taken.vault, signer, taken, (manifest) => {
      manifest.seedCounts.posts += 1;
      manifest.objects["policy public.posts.a policy that was not restored"] = "0".repeat(32);
    });
    const result = await failure(verify({ vault: taken.vault, ...storing() }));
    expect(broken(result.restore!.lines)).toEqual({
      restore: expect.stringContaining("a policy that was not restored is missing"),
      "row level security": "policy public.posts.a policy that was not restored is missing",
      "counts of users, posts and applications": "there are 40 posts instead of 41",
    });
    expect(await source.verified(taken.vault)).toMatchObject({ latest: { ok: false }, best: undefined });
    expect(await throwaways.left()).toEqual([]);
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
    expect(await throwaways.left()).toEqual([]);
  });

  it("removes the throwaway and stores nothing when it is interrupted", async () => {
    const keys = async () => (await vault.list("annual/")).map((one) => one.key);
    const before = await keys();
    const { said, reporter, signal } = abortAt("Restoring ", new Error("stopped by hand"));
    await expect(verify({ reporter, signal, ...storing() })).rejects.toThrow("stopped by hand");
    expect(said).toContainEqual(expect.stringContaining("Starting a throwaway"));
    expect(await throwaways.left()).toEqual([]);
    expect(await keys()).toEqual(before);
  });

  it("only restores a sound, complete and full backup", async () => {
    await expect(verify({ share: { number: 1, of: 2 } })).rejects.toThrow("Leave out `--sample` or `--restore`");
    const taken = await takeBackup();
    await tamper(taken.vault, `${taken.tier}/${taken.backupId}/schema.dump.zst`, (content) => content.subarray(1));
    const result = await failure(verify({ vault: taken.vault, backupId: taken.backupId }));
    expect(result.restore).toBeUndefined();
    expect(result.faults).toEqual([expect.stringContaining("schema.dump.zst is damaged: it has")]);
    await resign(taken.vault, signer, taken, (manifest) => void (manifest.kind = "schema-only"));
    const refused = verify({ vault: taken.vault, backupId: taken.backupId });
    await expectRefusal(refused, UserError, 'is of kind "schema-only"');
  });

  it("restores the rows of extensions, and reports the vault's secrets and a missing identity", async () => {
    await asSuperuser(`create schema places; create extension castchat_places with schema places; grant all on schema places to postgres;
       grant all on all tables in schema places to postgres; grant all on all sequences in schema places to postgres;
       select vault.create_secret('sesame', 'door')`);
    const { sealer, opener } = await newAgeKey();
    const taken = await takeBackup({ sealer });
    const manifest = await source.manifestOf(taken.vault);
    expect(manifest.tables.filter(({ kind }) => kind === "extension")).not.toEqual([]);
    const sealed = verify({ vault: taken.vault, ...storing() });
    await expectRefusal(sealed, UserError, "Set CASTCHAT_AGE_IDENTITY");
    expect(await taken.vault.list(`${taken.tier}/${taken.backupId}/verifications/`)).toEqual([]);

    const result = await verify({ vault: taken.vault, opener });
    expect(broken(result.restore!.lines)).toEqual({});
    expect(result.level).toBe("restored-proven");
    expect(result.restore!.lines.find((line) => line.what === "the vault's secrets")).toMatchObject({
      state: "not checked",
      detail: expect.stringContaining("no place for them"),
    });
    expect(JSON.stringify(result)).not.toContain("sesame");
    const unrestored = { vault: taken.vault, restore: undefined };
    expect(await verify({ ...unrestored, opener })).toMatchObject({ level: "decrypt-proven" });
    expect(await verify(unrestored)).toMatchObject({ level: "proven" });
    await asSuperuser("drop extension castchat_places; drop schema places; delete from vault.secrets");
  });

  it("accepts tables and columns that a new project of Supabase has, and no others that hold content", async () => {
    await asSuperuser(`set role supabase_auth_admin;
       create type auth.factor_type as enum ('totp', 'phone');
       create table auth.mfa_factors (id uuid primary key, user_id uuid not null references auth.users, factor_type auth.factor_type, secret text, unheard_of int,
         status text, created_at timestamptz, updated_at timestamptz);
       insert into auth.mfa_factors select gen_random_uuid(), id, 'totp', e'a\\\\b\\tc' from auth.users limit 3;
       insert into auth.mfa_factors select gen_random_uuid(), id, 'phone', '' from auth.users limit 1;
       update auth.mfa_factors set status = 'verified', created_at = now(), updated_at = now();
       grant all on auth.mfa_factors to postgres`);
    const taken = await takeBackup();
    const result = await verify({ vault: taken.vault });
    expect(result.level).toBe("restored-proven");
    expect(result.restore!.notes).toEqual([
      expect.stringMatching(/^The types of these .* are unknown here, so they are text: auth\.mfa_factors\.$/),
      "Nothing is lost: the target has no column unheard_of of auth.mfa_factors. The backup has no value in it.",
      expect.stringMatching(/^Held back until /),
    ]);

    await asSuperuser("alter table auth.users add column newer jsonb default '{\"a\": 1}'");
    const worse = await takeBackup();
    const { restore } = await failure(verify({ vault: worse.vault }));
    expect(broken(restore!.lines)).toEqual({
      restore: expect.stringContaining(
        "Not restored: the values of newer in auth.users, because the target has no such column.",
      ),
    });
    await asSuperuser(
      "drop table auth.mfa_factors; drop type auth.factor_type; alter table auth.users drop column newer",
    );
  });
});

describe("verify --restore on a scratch server", () => {
  const scratch = forSuite(() => startTestDatabase(sandboxPostgres, "own"));
  const databasesOf = (url: string) => runSql(url, "select datname from pg_database order by 1");
  const rolesAndDatabasesOf = async (url: string) => [
    await runSql(url, "select rolname from pg_roles where rolname !~ '^pg_' order by 1"),
    await databasesOf(url),
  ];

  /** A server that has nothing of Supabase. */
  const plainServer = () => throwaways.create(wishFor());

  it("leaves a Supabase server as it was: databases, roles and rights", async () => {
    const state = async () => [
      ...(await rolesAndDatabasesOf(scratch.superuserUrl)),
      await scratch.asSuperuser("select * from pg_auth_members order by 1"),
      await scratch.asSuperuser("select * from pg_parameter_acl order by 1"),
    ];
    const before = await state();
    const result = await verifyOn(scratch.superuserUrl);
    expect(broken(result.restore!.lines)).toEqual({});
    expect(result.level).toBe("restored-proven");
    expect(result.restore!.lines.find((line) => line.what === "the API's login")!.state).toBe("not checked");
    expect(await state()).toEqual(before);
  });

  it("leaves a plain server as it was", async () => {
    const plain = await plainServer();
    const before = await rolesAndDatabasesOf(plain.adminUrl);
    const result = await verifyOn(plain.adminUrl);
    expect(broken(result.restore!.lines)).toEqual({});
    expect(result.level).toBe("restored-proven");
    expect(await rolesAndDatabasesOf(plain.adminUrl)).toEqual(before);
  });

  it("passes on a server whose superuser has the name of Supabase's postgres, as in PostgreSQL's image", async () => {
    const plain = await plainServer();
    await runSql(plain.adminUrl, "create role postgres superuser login password 'postgres'");
    const url = new URL(plain.adminUrl);
    [url.username, url.password] = ["postgres", "postgres"];
    // Default rights other than a new project's: those of the server's own superuser must not count as the restored ones.
    await database.query("alter default privileges in schema public revoke all on tables from anon");
    const taken = await takeBackup();
    await database.query("alter default privileges in schema public grant all on tables to anon");
    const result = await verifyOn(url.href, { vault: taken.vault });
    expect(broken(result.restore!.lines)).toEqual({});
    expect(result.level).toBe("restored-proven");
  });

  it("never runs on the server that the backup comes from", async () => {
    await expect(verifyOn(database.superuserUrl)).rejects.toThrow("A test restore never runs there");
    expect(await databasesOf(database.superuserUrl)).toHaveLength(3);
  });
});
