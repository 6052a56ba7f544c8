import { hash } from "node:crypto";

import { DeleteObjectCommand, GetObjectRetentionCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { applySchema, fill } from "../../../lab/sandbox/sample/database.ts";
import { TIERS } from "../../../planning/tiers.ts";
import type { BackupOptions } from "../../../recovery/backup/backupOptions.ts";
import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { compressBytes } from "../../../recovery/vault/compression.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { contentOf, type Manifest } from "../../../recovery/vault/manifest.ts";
import { proofBytes } from "../../../recovery/vault/proof.ts";
import { isInShare } from "../../../recovery/vault/readObjects.ts";
import {
  readVerifications,
  storeVerification,
  type Verification,
  type VerifiedState,
} from "../../../recovery/vault/verification.ts";
import { FailedVerification, type VerifyOptions, type VerifyResult } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { type BackingUp, startBackingUp } from "../support/backingUp.ts";
import type { TestCloud } from "../support/cloud.ts";
import { putInPlace } from "../support/inPlace.ts";
import { resign } from "../support/resign.ts";
import { tamper } from "../support/sample.ts";

let source: BackingUp;
let cloud: TestCloud;
let signer: Signer;
let trustedKeys: string[];
beforeAll(async () => {
  source = await startBackingUp();
  ({ cloud, signer, trustedKeys } = source);
  await applySchema(source.database.url);
  await fill(source.database.url, { rows: 40 });
});
afterAll(() => source.stop());

interface Taken {
  vault: Vault;
  tier: string;
  backupId: string;
  /** Where its objects lie, with the closing slash. */
  at: string;
  manifest: Manifest;
}

async function takeBackup(into?: Vault, more: Partial<BackupOptions> = {}): Promise<Taken> {
  const vault = into ?? (await cloud.newVault());
  const { tier, backupId } = await source.backUp(vault, more);
  return { vault, tier, backupId, at: `${tier}/${backupId}/`, manifest: await source.manifestOf(vault, backupId) };
}

const configured = { configuration: () => Promise.resolve({ missing: [] }) };

const check = (vault: Vault, more: Partial<VerifyOptions> = {}) => source.check(vault, more);
const storing = () => ({ store: { signer, clock: systemClock } });

/** What a verification that fails has found. */
async function failure(work: Promise<VerifyResult>): Promise<VerifyResult> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PromiseError);
  expect(error).toBeInstanceOf(FailedVerification);
  return (error as FailedVerification).result;
}

async function verifiedState(taken: Taken, keys = trustedKeys): Promise<VerifiedState> {
  const all = await source.list(taken.vault);
  const { verifications } = all.find((one) => one.backupId === taken.backupId)!;
  return await readVerifications(taken.vault, { backupId: taken.backupId, ...verifications! }, keys);
}

async function remove(vault: Vault, key: string): Promise<void> {
  const [object] = await vault.list(key);
  await vault.setLegalHold(key, false);
  const version = { Bucket: vault.name, Key: key, VersionId: object!.versionId };
  await cloud.s3.send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true }));
}

const flipped = (content: Buffer) => {
  const copy = Buffer.from(content);
  copy[content.length >> 1] = copy[content.length >> 1]! ^ 1;
  return copy;
};

describe("verify", () => {
  it("lists every fault, and stores the failure next to the backup", async () => {
    const taken = await takeBackup();
    const { vault, at, manifest } = taken;
    const [first, second] = manifest.chunks.map((chunk) => chunk.key) as [string, string];
    expect(await check(vault, storing())).toMatchObject({
      ok: true,
      level: "proven",
      objects: contentOf(manifest).length,
    });

    const [one, other] = [await vault.getBytes(first), await vault.getBytes(second)];
    await putInPlace(vault, first, other!);
    await putInPlace(vault, second, one!);
    await tamper(vault, `${at}schema.dump.zst`, flipped);
    await tamper(vault, `${at}managed-objects.sql.zst`, (content) => content.subarray(0, -7));
    await remove(vault, `${at}roles.sql.zst`);

    const result = await failure(check(vault, { backupId: taken.backupId, ...storing() }));
    // Swapped, cut short, gone, and with another bit.
    expect([...result.faults].sort()).toEqual([
      expect.stringMatching(`^${first} is damaged: it has \\d+ bytes instead of`),
      expect.stringMatching(`^${second} is damaged: it has \\d+ bytes instead of`),
      expect.stringContaining(`${at}managed-objects.sql.zst is damaged: it has`),
      `${at}roles.sql.zst is missing from the vault "${vault.name}"`,
      `${at}schema.dump.zst is damaged: its SHA-256 is not the manifest's`,
    ]);
    expect([result.ok, result.level]).toEqual([false, undefined]);
    await expect(check(vault, { backupId: taken.backupId })).rejects.toThrow(
      /did not pass its verification: .*roles\.sql.*; .*/,
    );
    const state = await verifiedState(taken);
    expect(state.latest).toMatchObject({ ok: false, faults: result.faults });
    expect(state.best).toMatchObject({ ok: true, level: "proven" });
    // Without a name it is no longer chosen: what is missing makes it unproven.
    await expect(check(vault)).rejects.toBeInstanceOf(UserError);
  });

  it("finds altered rows, and totals that differ from the tables'", async () => {
    const taken = await takeBackup();
    const { vault } = taken;
    await resign(vault, signer, taken, (manifest) => {
      const posts = manifest.tables.find((table) => table.name === "posts")!;
      posts.fingerprint = "0123456789abcdef";
      manifest.chunks[1]!.sections[0]!.fingerprint = "0123456789abcdef";
    });
    const { faults } = await failure(check(vault, { backupId: taken.backupId }));
    expect(faults).toEqual(
      expect.arrayContaining([
        "the chunks hold other content in the 40 rows of public.posts than the database had",
        expect.stringMatching(
          /data\/000002\.copy\.zst does not hold the \d+ rows of .* as they were read: it holds \d+ rows/,
        ),
      ]),
    );
  });

  it("parses the parts that a restore reads", async () => {
    const taken = await takeBackup(undefined, configured);
    const texts = { "held-back.json": "{", "configuration.json": "nothing" } as const;
    for (const [name, text] of Object.entries(texts)) {
      const part = taken.manifest.parts.find((one) => one.name === name)!;
      const stored = await compressBytes(Buffer.from(text, "utf8"));
      await putInPlace(taken.vault, part.key, stored);
      await resign(taken.vault, signer, taken, ({ parts }) => {
        const changed = parts.find((one) => one.name === name)!;
        Object.assign(changed, { sizeBytes: stored.length, sha256: hash("sha256", stored) });
      });
    }
    const { faults } = await failure(check(taken.vault, { backupId: taken.backupId }));
    expect([...faults].sort()).toEqual([
      expect.stringMatching(/configuration\.json\.zst is damaged: .*not in a form that is understood/),
      expect.stringMatching(/held-back\.json\.zst is damaged: .*not in a form that is understood/),
    ]);
  });

  it("decompresses no small part before its SHA-256 has matched", async () => {
    const taken = await takeBackup(undefined, configured);
    const part = taken.manifest.parts.find((one) => one.name === "configuration.json")!;
    const whole = (await taken.vault.getBytes(part.key))!;
    // Some kilobytes that would be more than a string can hold.
    const frame = await compressBytes(Buffer.alloc(100_000_000));
    const bomb = Buffer.concat(Array<Buffer>(60).fill(frame));
    expect(bomb.length).toBeLessThan(300_000);
    await putInPlace(taken.vault, part.key, bomb);
    const reading = () => readConfiguration({ vault: taken.vault, trustedKeys, tiers: TIERS });
    const read = reading();
    await expect(read).rejects.toThrow(`${part.key} is damaged: it has more than the ${part.sizeBytes} bytes`);
    await expect(read).rejects.toBeInstanceOf(PromiseError);
    await putInPlace(taken.vault, part.key, whole);
    expect(await reading()).toHaveProperty("configuration.missing");
  }, 20_000);

  it("reads files, and finds content that differs from the service's", async () => {
    const taken = await takeBackup();
    const { vault, at } = taken;
    const file = (name: string, content: string, original: string) => ({
      key: `${at}files/${name}`,
      origin: "storage" as const,
      name: `avatars/${name}`,
      contentType: "text/plain",
      sizeBytes: content.length,
      sha256: hash("sha256", content),
      contentBytes: original.length,
      contentSha256: hash("sha256", original),
    });
    const files = [file("good", "portrait", "portrait"), file("bad", "pOrtrait", "portrait"), file("gone", "x", "x")];
    await vault.put(files[0]!.key, Buffer.from("portrait"));
    await vault.put(files[1]!.key, Buffer.from("pOrtrait"));
    await resign(vault, signer, taken, (manifest) => void manifest.files.push(...files));
    expect((await failure(check(vault, { backupId: taken.backupId }))).faults).toEqual([
      `${files[1]!.key} is damaged: it does not hold avatars/bad as it was read`,
      `${files[2]!.key} is missing from the vault "${vault.name}"`,
    ]);
  });

  it("refuses a manifest of another key, of another backup, or altered, naming it", async () => {
    const one = await takeBackup();
    const other = await takeBackup(one.vault);
    const stranger = await (await cloud.newSigner()).publicKeyPem();
    const manifestKey = `${one.at}manifest.json`;
    const named = (more: Partial<VerifyOptions> = {}) => check(one.vault, { backupId: one.backupId, ...more });
    await expect(named({ trustedKeys: [stranger] })).rejects.toThrow(
      `${manifestKey} is not this backup's manifest: its manifest is not signed by a trusted key`,
    );
    const own = (await one.vault.getBytes(manifestKey))!;
    await tamper(one.vault, manifestKey, (content) =>
      Buffer.from(content.toString().replace(/"rows": \d+/, '"rows": 0')),
    );
    await expect(named()).rejects.toThrow("is not signed by a trusted key");
    await putInPlace(one.vault, manifestKey, own);
    expect(await named()).toMatchObject({ ok: true });
    for (const object of ["manifest.json", "manifest.sig"])
      await putInPlace(one.vault, `${one.at}${object}`, (await one.vault.getBytes(`${other.at}${object}`))!);
    const replayed = named();
    await expect(replayed).rejects.toThrow(
      `${manifestKey} is not this backup's manifest: its manifest belongs to backup`,
    );
    await expect(replayed).rejects.toBeInstanceOf(PromiseError);
  });

  it("reads no object of unbounded size into memory", async () => {
    const taken = await takeBackup();
    await check(taken.vault, storing());
    const unbounded: string[] = [];
    const watched: Vault = {
      ...taken.vault,
      getBytes(key, signal, mostBytes) {
        if (mostBytes === undefined) unbounded.push(key);
        return taken.vault.getBytes(key, signal, mostBytes);
      },
    };
    expect(await check(watched)).toMatchObject({ ok: true });
    expect((await verifiedState({ ...taken, vault: watched })).latest).toMatchObject({ ok: true });
    expect(unbounded).toEqual([]);
  });

  it("stores nothing of an aborted run", async () => {
    const taken = await takeBackup();
    const controller = new AbortController();
    const reporter = () => controller.abort(new Error("stopped by hand"));
    await expect(check(taken.vault, { ...storing(), reporter, signal: controller.signal })).rejects.toThrow(
      "stopped by hand",
    );
    expect(await verifiedState(taken)).toEqual({ latest: undefined, best: undefined, unbelieved: [] });
  });
});

describe("verify when its result can't be stored", () => {
  it("reports the result and what is missing to store it", async () => {
    const taken = await takeBackup();
    const refusing: Signer = { ...signer, sign: () => Promise.reject(new UserError("KMS refuses kms:Sign")) };
    const store = { signer: refusing, clock: systemClock };
    const passed = check(taken.vault, { store });
    await expect(passed).rejects.toThrow(
      /passed its verification\. The result could not be stored \(KMS refuses.*--no-store/,
    );
    await expect(passed).rejects.toBeInstanceOf(UserError);
    await tamper(taken.vault, taken.manifest.chunks[0]!.key, flipped);
    const failed = check(taken.vault, { store });
    await expect(failed).rejects.toThrow(/SHA-256 is not the manifest's\. The result could not be stored/);
    expect(await failure(failed)).toMatchObject({ ok: false, storedAs: undefined });
  });
});

describe("verify --sample", () => {
  it("reads each object in exactly one share, and looks for the others", async () => {
    const taken = await takeBackup();
    const { vault, manifest } = taken;
    const shares = await Promise.all(
      [1, 2, 3].map((number) => check(vault, { share: { number, of: 3 }, ...storing() })),
    );
    expect(shares.reduce((sum, share) => sum + share.objects, 0)).toBe(contentOf(manifest).length);
    expect(shares.every((share) => share.ok && share.level === undefined)).toBe(true);
    expect((await verifiedState(taken)).best).toBeUndefined();

    const key = manifest.chunks[0]!.key;
    const own = [1, 2, 3].find((number) => isInShare(key, { number, of: 3 }))!;
    const other = (own % 3) + 1;
    await tamper(vault, key, flipped);
    expect((await failure(check(vault, { share: { number: own, of: 3 } }))).faults).toEqual([
      `${key} is damaged: its SHA-256 is not the manifest's`,
    ]);
    // Its bytes belong to another share, but every share checks its place and size.
    expect(await check(vault, { share: { number: other, of: 3 } })).toMatchObject({ ok: true });
    await tamper(vault, key, (content) => content.subarray(0, -1));
    expect((await failure(check(vault, { share: { number: other, of: 3 } }))).faults).toEqual([
      expect.stringMatching(`^${key} is damaged: it has \\d+ bytes instead of`),
    ]);
    await remove(vault, key);
    expect((await failure(check(vault, { backupId: taken.backupId, share: { number: other, of: 3 } }))).faults).toEqual(
      [`${key} is missing from the vault "${vault.name}"`],
    );
  });

  it("covers any names by any number of shares", () => {
    for (const total of [1, 2, 7, 30]) {
      for (let index = 0; index < 200; index += 1) {
        const key = `daily/x/data/${index}.copy.zst`;
        const shares = Array.from({ length: total }, (_, at) => at + 1).filter((number) =>
          isInShare(key, { number, of: total }),
        );
        expect(shares).toHaveLength(1);
      }
    }
  });
});

describe("stored verifications", () => {
  it("are locked as long as their backup, and are not listed without it", async () => {
    const taken = await takeBackup();
    const { storedAs } = await check(taken.vault, storing());
    expect(storedAs).toMatch(new RegExp(`^${taken.at}verifications/\\d{8}T\\d{6}\\.\\d{3}Z\\.json$`));
    const { Retention } = await cloud.s3.send(
      new GetObjectRetentionCommand({ Bucket: taken.vault.name, Key: storedAs! }),
    );
    const lockDays = TIERS.find((tier) => tier.name === taken.tier)!.lockDays;
    expect(Retention).toMatchObject({ Mode: "GOVERNANCE" });
    expect(Retention!.RetainUntilDate!.getTime()).toBeCloseTo(
      Date.parse(taken.manifest.startedAt) + lockDays * 86_400_000,
      -4,
    );
    const another = await cloud.newVault();
    await another.put(storedAs!, (await taken.vault.getBytes(storedAs!))!);
    expect(await listBackups({ vault: another, trustedKeys, tiers: TIERS })).toEqual([]);
  });

  it("only count if a trusted key has signed them for this manifest and time", async () => {
    const taken = await takeBackup();
    const { vault, at } = taken;
    const { storedAs } = await check(vault, storing());
    const good = (await vault.getBytes(storedAs!))!;
    const { statement } = JSON.parse(Buffer.from(good).toString()) as { statement: string };
    const verification = JSON.parse(statement) as Verification;
    const claim = { ...verification, level: "restored-proven" as const };
    const later = "2999-01-01T00:00:00.000Z";
    const stranger = await cloud.newSigner();

    // Altered after it was signed; signed by a stranger; of another manifest; an old one under a later name; no JSON.
    const altered = JSON.parse(Buffer.from(good).toString()) as { statement: string; signature: string };
    altered.statement = JSON.stringify(claim);
    await vault.put(`${at}verifications/1.json`, Buffer.from(JSON.stringify(altered)));
    const place = { vault, prefix: `${taken.tier}/`, lockUntil: undefined };
    await storeVerification({ ...claim, verifiedAt: later }, { ...place, signer: stranger });
    await storeVerification(
      { ...claim, manifestSha256: "0".repeat(64), verifiedAt: "2999-01-02T00:00:00.000Z" },
      { ...place, signer },
    );
    await vault.put(`${at}verifications/29990103T000000.000Z.json`, good);
    await vault.put(`${at}verifications/2.json`, Buffer.from("restored-proven"));
    await vault.put(`${at}verifications/3.json`, proofBytes("{}", await signer.sign(Buffer.from("{}", "utf8"))));

    const state = await verifiedState(taken);
    expect(state.latest).toEqual(verification);
    expect(state.best).toEqual({ ...verification, level: "proven" });
    expect(state.unbelieved).toHaveLength(6);
    expect((await verifiedState(taken, [await stranger.publicKeyPem()])).best?.level).toBe("restored-proven");
  });
});
