import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { applySchema, fill } from "../../lab/sandbox/sample/database.ts";
import { TIERS } from "../../planning/tiers.ts";
import { readConfiguration } from "../../recovery/configuration/readConfiguration.ts";
import { readSource } from "../../recovery/configuration/readSource.ts";
import { listBackups } from "../../recovery/vault/listBackups.ts";
import { bundle } from "../../runner/bundle.ts";
import type { Signer } from "../../services/signer/signer.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { NO_TOKEN, RUNNER_TOKENS } from "../../settings/runnerSettings.ts";
import { startTestCloud, type TestCloud } from "../recovery/support/cloud.ts";
import { listen } from "../services/support/testServer.ts";
import { makeTestFolder } from "../support/folder.ts";
import { startTestDatabase, type TestDatabase } from "../support/postgres.ts";
import { SCHEDULED_RUN } from "../support/scheduledRun.ts";

/** How the bundle ended. */
interface Ended {
  code: number;
  log: string;
}

describe("the runner's bundle", () => {
  it("is the same for the same sources", async () => {
    const [one, other] = await Promise.all([makeTestFolder(), makeTestFolder()]);
    expect(bundle("runner", one.path).sha256).toBe(bundle("runner", other.path).sha256);
    await Promise.all([one.remove(), other.remove()]);
  });

  it("is one file, which names its own hash and no path of this machine", async () => {
    const folder = await makeTestFolder();
    const { path, sha256 } = bundle("runner", folder.path);
    expect(path).toBe(join(folder.path, "runner.mjs"));
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await readdir(folder.path)).toEqual(["runner.json", "runner.mjs"]);
    expect(await readFile(path, "utf8")).not.toContain(process.cwd());
    await folder.remove();
  });

  it("is made again where a source is another one or gone, or the file is not what was made, and else stays", async () => {
    const folder = await makeTestFolder();
    const record = join(folder.path, "runner.json");
    const { path, sha256 } = bundle("runner", folder.path);
    const whole = await readFile(path);
    const made = async () => (await stat(path)).ino;
    const first = await made();
    expect(bundle("runner", folder.path)).toEqual({ path, sha256 });
    expect(await made()).toBe(first);
    const noted = JSON.parse(await readFile(record, "utf8")) as { sources: string[]; digest: string };
    expect(noted.sources).toEqual(expect.arrayContaining(["runner/main.ts", "recovery/backup/backup.ts"]));
    const spoilt: [string, string][] = [
      [record, JSON.stringify({ ...noted, digest: noted.digest.replace(/^./, (one) => (one === "0" ? "1" : "0")) })],
      [record, JSON.stringify({ ...noted, sources: [...noted.sources, "runner/gone.ts"] })],
      [record, "{"],
      [path, "throw new Error()"],
    ];
    for (const [file, content] of spoilt) {
      await writeFile(file, content);
      const before = await made();
      expect(bundle("runner", folder.path)).toEqual({ path, sha256 });
      expect(await made()).not.toBe(before);
      expect((await readFile(path)).equals(whole)).toBe(true);
    }
    await folder.remove();
  });
});

describe("the runner in an empty folder", () => {
  let cloud: TestCloud;
  let database: TestDatabase;
  let folder: Awaited<ReturnType<typeof makeTestFolder>>;
  let vault: Vault;
  let signer: Signer & { keyId: string };
  let trustedKeys: string[];
  let empty: string;

  beforeAll(async () => {
    [cloud, database, folder] = await Promise.all([startTestCloud(), startTestDatabase(), makeTestFolder()]);
    await applySchema(database.url);
    await fill(database.url, { rows: 20 });
    vault = await cloud.newVault();
    signer = await cloud.newSigner();
    trustedKeys = [await signer.publicKeyPem()];
    empty = join(folder.path, "empty");
    await mkdir(empty);
    await copyFile(bundle("runner", folder.path).path, join(empty, "runner.mjs"));
  });
  afterAll(async () => {
    await Promise.all([cloud.stop(), database.stop()]);
    await folder.remove();
  });

  const settings = () => ({
    ...SCHEDULED_RUN,
    region: cloud.region,
    vaultBucket: vault.name,
    signingKeyArn: signer.keyId,
    criticalTables: ["public.users"],
    endpointAws: cloud.endpoint,
    // Nothing listens there: the part is missing, the database's backup is not.
    endpointVercel: "http://127.0.0.1:9",
  });
  const run = (environment: Record<string, string>, change: object = {}): Promise<Ended> =>
    new Promise((resolve) => {
      const env = {
        PATH: process.env["PATH"] ?? "",
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        RUNNER_SETTINGS: JSON.stringify({ ...settings(), ...change }),
        ...environment,
      };
      const child = execFile(process.execPath, ["runner.mjs"], { cwd: empty, env }, (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, log: stdout + stderr });
      });
    });

  /** The configuration in the vault: in this backup, or the newest. */
  const stored = async (backupId?: string) =>
    (await readConfiguration({ vault, trustedKeys, tiers: TIERS, backupId })).configuration as {
      stackState?: unknown;
      missing: { part: string; reason: string }[];
    };

  it("stores a proven backup with neither packages nor the engine, and names what its configuration lacks", async () => {
    const { code, log } = await run({
      DATABASE_URL: database.url,
      VERCEL_API_TOKEN: "vercel-token-of-the-test",
      CLOUDFLARE_API_TOKEN: NO_TOKEN,
    });
    // The database and what could be read are saved; what is lacking makes the run a failed one.
    expect([code, code === 1 ? "" : log]).toEqual([1, ""]);
    const [only, ...others] = await listBackups({ vault, trustedKeys, tiers: TIERS });
    expect(others).toEqual([]);
    expect(only).toMatchObject({ proven: true, tier: "annual", problems: [] });
    expect(log).toContain(`${only!.backupId} is proven`);
    const { missing } = await stored();
    const parts = [
      "application p",
      "auth",
      "certificates app host",
      "certificates zone",
      "dns",
      "repository o/r",
      "source",
      "stackState",
    ];
    expect(missing.map(({ part }) => part)).toEqual(parts);
    expect(missing[4]!.reason).toBe(
      "CLOUDFLARE_API_TOKEN is not set: set it to a token with the rights that docs/accounts.md lists. Type: read -rs CLOUDFLARE_API_TOKEN && export CLOUDFLARE_API_TOKEN (then paste it)",
    );
    expect(log).toMatch(
      /Failed: Backup \S+ counts as proven, but lacks .*the configuration's part dns: CLOUDFLARE_API_TOKEN is not set/,
    );
    expect(log).toMatch(/edge functions: SUPABASE_ACCESS_TOKEN is not set/);
    expect(log).toContain(
      "This run has no CLOUDFLARE_API_TOKEN. Set RUNNER_CLOUDFLARE_API_TOKEN to one with the rights that docs/accounts.md lists, and type: castchat-recovery schedule rotate cloudflare -s prod",
    );
    expect(log).not.toContain("This run has no VERCEL_API_TOKEN");
    expect(missing[6]!.reason).toContain("outside of a git checkout");
    expect(missing[7]!.reason).toContain("PULUMI_BACKEND_URL");
    expect(await readdir(empty)).toEqual(["runner.mjs"]);
    const { password } = new URL(database.url);
    for (const secret of [password, decodeURIComponent(password), "vercel-token-of-the-test"])
      expect(log).not.toContain(secret);
  });

  it("takes its session from where CodeBuild has it, and a new one before that ends", async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      const Expiration = new Date(Date.now() + 60_000).toISOString();
      const session = { AccessKeyId: "test", SecretAccessKey: "test", Token: "t", Expiration };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(session));
    });
    const { url, stop } = await listen(server);
    const { code, log } = await run({
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      HOME: empty,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/session`,
      DATABASE_URL: database.url,
    });
    await stop();
    expect([code, code === 1 ? "" : log]).toEqual([1, ""]);
    // A session that would end within minutes is requested again.
    expect(asked).toBeGreaterThan(2);
  }, 60_000);

  it("stores Pulumi's state out of its bucket, and names why it couldn't", async () => {
    await cloud.s3.createBucket({ Bucket: "state" });
    const deployment = { resources: [{ urn: "urn:pulumi:prod::castchat::x:y:Z::one" }] };
    const checkpoint = { stack: "organization/castchat/prod", latest: deployment };
    const Body = JSON.stringify({ version: 3, checkpoint });
    await cloud.s3.putObject({ Bucket: "state", Key: ".pulumi/stacks/castchat/prod.json", Body });
    const query = `region=${cloud.region}&endpoint=${cloud.endpoint}`;
    const storedFrom = async (bucket: string) => {
      const state = { backend: `s3://${bucket}?${query}`, project: "castchat" };
      expect(await run({ DATABASE_URL: database.url }, { state })).toMatchObject({ code: 1 });
      const [newest] = await listBackups({ vault, trustedKeys, tiers: TIERS });
      return await stored(newest!.backupId);
    };
    const { stackState, missing } = await storedFrom("state");
    expect(stackState).toEqual({ version: 3, deployment });
    expect(missing.map(({ part }) => part)).not.toContain("stackState");
    const without = await storedFrom("no-such-bucket");
    expect(without.stackState).toBeUndefined();
    expect(without.missing.find(({ part }) => part === "stackState")!.reason).toMatch(/bucket/);
  }, 60_000);

  it("stores the repository's files that lie beside it, from where they come back by name", async () => {
    const tar = Buffer.from("the files".repeat(1000));
    await writeFile(join(empty, "source-1.tar.gz"), gzipSync(tar));
    await run({ DATABASE_URL: database.url }, { source: { commit: "c0ffee-dirty", file: "source-1.tar.gz" } });
    await rm(join(empty, "source-1.tar.gz"));
    const options = { vault, trustedKeys, tiers: TIERS };
    const { backupId, ...files } = await readSource(options);
    expect(files).toEqual({ commit: "c0ffee-dirty", tar });
    expect((await readConfiguration(options)).configuration).toMatchObject({ source: { commit: "c0ffee-dirty" } });
    expect(await readSource({ ...options, backupId })).toEqual({ backupId, ...files });
    const [, before] = await listBackups(options);
    await expect(readSource({ ...options, backupId: before!.backupId })).rejects.toThrow(
      `Backup ${before!.backupId} does not have this repository's files.`,
    );
  }, 60_000);

  it("names all that is wrong with what it was given, and exits with 2", async () => {
    const { code, log } = await run({}, { tiers: [], stack: 5 });
    expect(code).toBe(2);
    expect(log).toContain("RUNNER_SETTINGS.tiers: ");
    expect(log).toContain("RUNNER_SETTINGS.stack: ");
    expect(log).toContain("DATABASE_URL is not set");
    expect(log).not.toMatch(/\n\s+at /);
    expect(await run({ RUNNER_SETTINGS: "{", DATABASE_URL: database.url })).toMatchObject({ code: 2 });
  });

  it("fails in one sentence without the password where the database can't be reached", async () => {
    const { code, log } = await run(
      {
        DATABASE_URL: "postgresql://postgres:swordfish@127.0.0.1:9/postgres",
        ...Object.fromEntries(RUNNER_TOKENS.map((name) => [name, ""])),
      },
      { stack: "prod\u001b[2K" },
    );
    expect(code).toBe(2);
    expect(log).toContain("Backing up stack prod\\u001b[2K into");
    expect(log).toMatch(/Failed: .*127\.0\.0\.1:9/);
    expect(log).not.toContain("swordfish");
  });
});
