import { hash } from "node:crypto";

import { describe, expect, it } from "@jest/globals";

import { TIERS } from "../../../planning/tiers.ts";
import type { BackupOptions } from "../../../recovery/backup/backupOptions.ts";
import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { compressBytes } from "../../../recovery/vault/compression.ts";
import { contentOf } from "../../../recovery/vault/manifest.ts";
import { proofBytes } from "../../../recovery/vault/proof.ts";
import { isInShare } from "../../../recovery/vault/readObjects.ts";
import { storeVerification, type Verification } from "../../../recovery/vault/verification.ts";
import type { VerifyOptions } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { MADE_BY_TEST } from "../../support/madeBy.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { startBackingUp } from "../support/backingUp.ts";
import { failure } from "../support/failure.ts";
import { putInPlace, removeVersions } from "../support/inPlace.ts";
import { abortAt } from "../support/killing.ts";
import { resign } from "../support/resign.ts";
import { flipped, tamper } from "../support/sample.ts";
import { withUnreadable } from "../support/unreadable.ts";

const source = forSuite(() => startBackingUp(40));

type Taken = Awaited<ReturnType<typeof takeBackup>>;

/** A backup, and where its objects lie, with the closing slash. */
async function takeBackup(into?: Vault, more: Partial<BackupOptions> = {}) {
  const vault = into ?? (await source.cloud.newVault());
  const { tier, backupId } = await source.backUp(vault, more);
  return { vault, tier, backupId, at: `${tier}/${backupId}/`, manifest: await source.manifestOf(vault, backupId) };
}

const configured = { configuration: () => Promise.resolve({ missing: [] }) };

const check = (vault: Vault, more: Partial<VerifyOptions> = {}) => source.check(vault, more);
const storing = () => ({ store: { signer: source.signer, clock: systemClock } });
/** Reads back a backup by its id, though it is not proven. */
const checkNamed = ({ vault, backupId }: Taken, more: Partial<VerifyOptions> = {}) =>
  check(vault, { backupId, ...more });

describe("verify", () => {
  it("lists every fault, and stores the failure next to the backup", async () => {
    const taken = await takeBackup();
    const { vault, at, manifest } = taken;
    const [first, second] = manifest.chunks.map((chunk) => chunk.key) as [string, string];
    const objects = contentOf(manifest).length;
    expect(await check(vault, storing())).toMatchObject({ ok: true, level: "proven", objects, passedOver: [] });
    await withUnreadable(vault, async (said) =>
      expect(await check(vault)).toMatchObject({ backupId: taken.backupId, passedOver: [expect.stringMatching(said)] }),
    );

    const [one, other] = [await vault.getBytes(first), await vault.getBytes(second)];
    await putInPlace(vault, first, other!);
    await putInPlace(vault, second, one!);
    await tamper(vault, `${at}schema.dump.zst`, flipped);
    await tamper(vault, `${at}managed-objects.sql.zst`, (content) => content.subarray(0, -7));
    await removeVersions(vault, `${at}roles.sql.zst`);

    const result = await failure(checkNamed(taken, { ...storing(), madeBy: MADE_BY_TEST }));
    // Swapped, cut short, gone, and with another bit.
    expect([...result.faults].sort()).toEqual([
      expect.stringMatching(`^${first} is damaged: it has \\d+ bytes instead of`),
      expect.stringMatching(`^${second} is damaged: it has \\d+ bytes instead of`),
      expect.stringContaining(`${at}managed-objects.sql.zst is damaged: it has`),
      `${at}roles.sql.zst is missing from the vault "${vault.name}"`,
      `${at}schema.dump.zst is damaged: its SHA-256 is not the manifest's`,
    ]);
    expect([result.ok, result.level]).toEqual([false, undefined]);
    await expect(checkNamed(taken)).rejects.toThrow(/did not pass its verification: .*roles\.sql.*; .*/);
    const state = await source.verified(vault);
    expect(state.latest).toMatchObject({ ok: false, faults: result.faults, madeBy: MADE_BY_TEST });
    expect(state.best).toMatchObject({ ok: true, level: "proven" });
    // Without a name it is no longer chosen: what is missing makes it unproven.
    await expect(check(vault)).rejects.toBeInstanceOf(UserError);
  });

  it("finds altered rows, and totals that differ from the tables'", async () => {
    const taken = await takeBackup();
    await resign(taken.vault, source.signer, taken, (manifest) => {
      const posts = manifest.tables.find((table) => table.name === "posts")!;
      posts.fingerprint = "0123456789abcdef";
      manifest.chunks[1]!.sections[0]!.fingerprint = "0123456789abcdef";
    });
    const { faults } = await failure(checkNamed(taken));
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
      await resign(taken.vault, source.signer, taken, ({ parts }) => {
        const changed = parts.find((one) => one.name === name)!;
        Object.assign(changed, { sizeBytes: stored.length, sha256: hash("sha256", stored) });
      });
    }
    const { faults } = await failure(checkNamed(taken));
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
    const reading = () => readConfiguration({ ...source.common, vault: taken.vault });
    const tooLong = `${part.key} is damaged: it has more than the ${part.sizeBytes} bytes`;
    await expectRefusal(reading, PromiseError, tooLong);
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
    await resign(vault, source.signer, taken, (manifest) => void manifest.files.push(...files));
    expect((await failure(checkNamed(taken))).faults).toEqual([
      `${files[1]!.key} is damaged: it does not hold avatars/bad as it was read`,
      `${files[2]!.key} is missing from the vault "${vault.name}"`,
    ]);
  });

  it("refuses a manifest of another key, of another backup, or altered, naming it", async () => {
    const one = await takeBackup();
    const other = await takeBackup(one.vault);
    const stranger = await (await source.cloud.newSigner()).publicKeyPem();
    const manifestKey = `${one.at}manifest.json`;
    const notIts = `${manifestKey} is not this backup's manifest: its manifest`;
    const byAnother = checkNamed(one, { trustedKeys: [stranger] });
    await expect(byAnother).rejects.toThrow(`${notIts} is not signed by a trusted key`);
    const own = (await one.vault.getBytes(manifestKey))!;
    await tamper(one.vault, manifestKey, (content) =>
      Buffer.from(content.toString().replace(/"rows": \d+/, '"rows": 0')),
    );
    await expect(checkNamed(one)).rejects.toThrow("is not signed by a trusted key");
    await putInPlace(one.vault, manifestKey, own);
    expect(await checkNamed(one)).toMatchObject({ ok: true });
    for (const object of ["manifest.json", "manifest.sig"])
      await putInPlace(one.vault, `${one.at}${object}`, (await one.vault.getBytes(`${other.at}${object}`))!);
    await expectRefusal(checkNamed(one), PromiseError, `${notIts} belongs to backup`);
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
    expect((await source.verified(watched)).latest).toMatchObject({ ok: true });
    expect(unbounded).toEqual([]);
  });

  it("stores nothing of an aborted run", async () => {
    const { vault } = await takeBackup();
    const { reporter, signal } = abortAt("", new Error("stopped by hand"));
    await expect(check(vault, { ...storing(), reporter, signal })).rejects.toThrow("stopped by hand");
    expect(await source.verified(vault)).toEqual({ latest: undefined, best: undefined, unbelieved: [] });
  });
});

describe("verify when its result can't be stored", () => {
  it("reports the result and what is missing to store it", async () => {
    const taken = await takeBackup();
    const refusing: Signer = { ...source.signer, sign: () => Promise.reject(new UserError("KMS refuses kms:Sign")) };
    const store = { signer: refusing, clock: systemClock };
    const passed = /passed its verification\. The result could not be stored \(KMS refuses.*--no-store/;
    await expectRefusal(check(taken.vault, { store }), UserError, passed);
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
    const share = (number: number, more: Partial<VerifyOptions> = {}) =>
      check(vault, { share: { number, of: 3 }, ...more });
    const shares = await Promise.all([1, 2, 3].map((number) => share(number, storing())));
    expect(shares.reduce((sum, { objects }) => sum + objects, 0)).toBe(contentOf(manifest).length);
    expect(shares.every(({ ok, level }) => ok && level === undefined)).toBe(true);
    expect((await source.verified(vault)).best).toBeUndefined();

    const key = manifest.chunks[0]!.key;
    const own = [1, 2, 3].find((number) => isInShare(key, { number, of: 3 }))!;
    const other = (own % 3) + 1;
    await tamper(vault, key, flipped);
    const wrongSum = `${key} is damaged: its SHA-256 is not the manifest's`;
    expect((await failure(share(own))).faults).toEqual([wrongSum]);
    // Its bytes belong to another share, but every share checks its place and size.
    expect(await share(other)).toMatchObject({ ok: true });
    await tamper(vault, key, (content) => content.subarray(0, -1));
    const tooShort = expect.stringMatching(`^${key} is damaged: it has \\d+ bytes instead of`);
    expect((await failure(share(other))).faults).toEqual([tooShort]);
    await removeVersions(vault, key);
    const { faults } = await failure(share(other, { backupId: taken.backupId }));
    expect(faults).toEqual([`${key} is missing from the vault "${vault.name}"`]);
  });

  it("covers any names by any number of shares", () => {
    for (const total of [1, 2, 7, 30]) {
      for (let index = 0; index < 200; index += 1) {
        const key = `daily/x/data/${index}.copy.zst`;
        const numbers = Array.from({ length: total }, (_, at) => at + 1);
        expect(numbers.filter((number) => isInShare(key, { number, of: total }))).toHaveLength(1);
      }
    }
  });
});

describe("stored verifications", () => {
  it("are locked as long as their backup, and are not listed without it", async () => {
    const taken = await takeBackup();
    const { storedAs } = await check(taken.vault, storing());
    expect(storedAs).toMatch(new RegExp(`^${taken.at}verifications/\\d{8}T\\d{6}\\.\\d{3}Z\\.json$`));
    const { Retention } = await source.cloud.s3.getObjectRetention({ Bucket: taken.vault.name, Key: storedAs! });
    const lockDays = TIERS.find((tier) => tier.name === taken.tier)!.lockDays;
    const until = Date.parse(taken.manifest.startedAt) + lockDays * 86_400_000;
    expect(Retention).toMatchObject({ Mode: "GOVERNANCE" });
    expect(Retention!.RetainUntilDate!.getTime()).toBeCloseTo(until, -4);
    const another = await source.cloud.newVault();
    await another.put(storedAs!, (await taken.vault.getBytes(storedAs!))!);
    expect(await source.list(another)).toEqual([]);
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
    const stranger = await source.cloud.newSigner();

    // Altered after it was signed; signed by a stranger; of another manifest; an old one under a later name; no JSON.
    const altered = JSON.parse(Buffer.from(good).toString()) as { statement: string; signature: string };
    altered.statement = JSON.stringify(claim);
    await vault.put(`${at}verifications/1.json`, Buffer.from(JSON.stringify(altered)));
    const place = { vault, prefix: `${taken.tier}/`, lockUntil: undefined };
    await storeVerification({ ...claim, verifiedAt: later }, { ...place, signer: stranger });
    const ofAnother = { manifestSha256: "0".repeat(64), verifiedAt: "2999-01-02T00:00:00.000Z" };
    await storeVerification({ ...claim, ...ofAnother }, { ...place, signer: source.signer });
    await vault.put(`${at}verifications/29990103T000000.000Z.json`, good);
    await vault.put(`${at}verifications/2.json`, Buffer.from("restored-proven"));
    await vault.put(`${at}verifications/3.json`, proofBytes("{}", await source.signer.sign(Buffer.from("{}", "utf8"))));

    const state = await source.verified(vault);
    expect(state.latest).toEqual(verification);
    expect(state.best).toEqual({ ...verification, level: "proven" });
    expect(state.unbelieved).toHaveLength(6);
    const trustingStranger = await source.verified(vault, [await stranger.publicKeyPem()]);
    expect(trustingStranger.best?.level).toBe("restored-proven");
  });
});
