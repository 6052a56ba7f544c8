import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { localSigner, newPrivateKey } from "../../lab/bench/localSigner.ts";
import { tierForRun } from "../../planning/calendar.ts";
import { TIERS as ALL_TIERS } from "../../planning/tiers.ts";
import { compressBytes, decompressBytes } from "../../recovery/vault/compression.ts";
import { listBackups } from "../../recovery/vault/listBackups.ts";
import { MANIFEST, type Manifest, manifestBytes, PROOF, SIGNATURE } from "../../recovery/vault/manifest.ts";
import { verify } from "../../recovery/verify/verify.ts";
import { PromiseError } from "../../services/common/errors.ts";
import { silent } from "../../services/common/reporter.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { hide, putInPlace, putOver } from "../recovery/support/inPlace.ts";
import { resign } from "../recovery/support/resign.ts";
import { dumpOf, runSql } from "../recovery/support/sample.ts";
import type { FreshDatabase } from "../support/targetServer.ts";
import { type Store } from "./support/order.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { suiteSetting, vaultIn } from "./support/setting.ts";

const seed = seedOfRun();
const random = randomFrom(seed);
/** A random position that is neither the first nor the last byte. */
const somewhere = (bytes: Buffer) => 1 + Math.floor(random() * (bytes.length - 2));

/** The bytes with one random bit flipped. */
function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const place = somewhere(copy);
  copy[place] = copy[place]! ^ (1 << Math.floor(random() * 8));
  return copy;
}

const setting = suiteSetting();
let vault: Vault;
let store: Store;
let older: Manifest;
let newer: Manifest;
/** Every object of the vault as the runs have stored it. */
const objects = new Map<string, Buffer>();
/** The undamaged version of each. */
const versions = new Map<string, string | undefined>();
/** The target of restores that are refused before they change it. */
let untouched: FreshDatabase;
beforeAll(async () => {
  store = await setting.newStore();
  vault = vaultIn(store);
  await setting.backUp(vault);
  await setting.backUp(vault);
  [newer, older] = (await setting.list(vault)).map((one) => one.manifest!) as [Manifest, Manifest];
  for (const { key, versionId } of await vault.list("")) {
    objects.set(key, Buffer.from((await vault.getBytes(key))!));
    versions.set(key, versionId);
  }
  untouched = await setting.server.newDatabase();
}, 60_000);
beforeEach(async () => {
  // Undo the last test's damage.
  vault = vaultIn(store);
  for (const { key, versionId, deletedAt } of await vault.list("")) {
    const content = objects.get(key);
    if (versions.get(key) === versionId && deletedAt === undefined) continue;
    if (content !== undefined) versions.set(key, await putInPlace(vault, key, content));
    else await setting.cloud.s3.send(new DeleteObjectCommand({ Bucket: vault.name, Key: key, VersionId: versionId }));
  }
});

const at = (manifest: Manifest, object: string) => `daily/${manifest.backupId}/${object}`;
const summaryOf = async (backupId: string) => (await setting.list(vault)).find((one) => one.backupId === backupId)!;
/** Stores a manifest at its place, signed and proven by a key. */
async function forge(manifest: Manifest, privateKey = setting.privateKey): Promise<void> {
  await putInPlace(vault, at(manifest, MANIFEST), manifestBytes(manifest));
  await resign(vault, localSigner(privateKey), { tier: "daily", backupId: manifest.backupId }, () => undefined);
}

describe(`objects that are not what was stored (seed ${seed})`, () => {
  const changes: [string, (bytes: Buffer) => Buffer][] = [
    ["truncated", (bytes) => bytes.subarray(0, somewhere(bytes))],
    ["bit-flipped", flipped],
    ["emptied", () => Buffer.alloc(0)],
    ["made longer", (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
  ];
  it.each(changes)(
    "%s: verify names each, chunk or part",
    async (_case, change) => {
      for (const { key } of [...newer.chunks, ...newer.parts]) {
        const whole = objects.get(key)!;
        let changed = change(whole);
        while (changed.equals(whole)) changed = change(whole);
        await putInPlace(vault, key, changed);
        await expect(setting.check(vault, newer.backupId)).rejects.toThrow(key);
        await expect(setting.check(vault, newer.backupId)).rejects.toBeInstanceOf(PromiseError);
        await putInPlace(vault, key, whole);
      }
      expect(await setting.check(vault, newer.backupId)).toMatchObject({ backupId: newer.backupId });
    },
    60_000,
  );

  it("swapped, within a backup or with an older one's: verify and restore name them, and no such row gets in", async () => {
    const [first, second] = newer.chunks as [Manifest["chunks"][0], Manifest["chunks"][0]];
    const target = await setting.server.newDatabase();
    const restoring = () => setting.restoreInto(target, vault, newer.backupId);
    await putInPlace(vault, first.key, objects.get(second.key)!);
    await putInPlace(vault, second.key, objects.get(first.key)!);
    await expect(setting.check(vault, newer.backupId)).rejects.toThrow(/data\/\S+ is damaged/);
    await expect(restoring()).rejects.toThrow(/data\/\S+ is damaged/);
    await putInPlace(vault, first.key, objects.get(first.key)!);
    const [counters] = await runSql<{ n: number }>(
      setting.source.url,
      "select count(*)::int as n from public.counters",
    );
    expect(counters!.n).toBe(50);
    await putInPlace(vault, second.key, objects.get(second.key)!.subarray(1));
    await expect(restoring()).rejects.toThrow(`${second.key} is damaged`);
    await putInPlace(vault, second.key, objects.get(second.key)!);
    expect((await restoring()).backupId).toBe(newer.backupId);
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
  }, 60_000);

  it("other rows of the same size, packed as well as the right ones: SHA-256 finds them before one is restored", async () => {
    const chunk = newer.chunks.find(({ sections }) => sections.some(({ name }) => name === "authors"))!;
    const whole = objects.get(chunk.key)!;
    const plainBytes = chunk.sections.reduce((sum, { bytes }) => sum + bytes, 0);
    const plain = await decompressBytes(whole, plainBytes);
    // A tuple of two fields whose first one is a UUID: nothing packs that smaller than any other.
    const head = Buffer.from("000200000010", "hex");
    let other = whole;
    for (let at = plain.indexOf(head); other.equals(whole) && at !== -1; at = plain.indexOf(head, at + 1)) {
      const altered = Buffer.from(plain);
      altered[at + head.length + 5]! ^= 1;
      const packed = await compressBytes(altered);
      if (packed.length === whole.length) other = packed;
    }
    expect(other.equals(whole)).toBe(false);
    await putInPlace(vault, chunk.key, other);
    const message = `${chunk.key} is damaged: its SHA-256 is not the manifest's`;
    await expect(setting.check(vault, newer.backupId)).rejects.toThrow(message);
    const target = await setting.server.newDatabase();
    await expect(setting.restoreInto(target, vault, newer.backupId)).rejects.toThrow(message);
    expect(await runSql(target.url, "select from public.authors")).toEqual([]);
    await target.remove();
  }, 60_000);

  it("parts in each other's place: nothing of them is run", async () => {
    const target = await setting.server.newDatabase();
    const [roles, managed] = [at(newer, "roles.sql.zst"), at(newer, "managed-objects.sql.zst")];
    await putInPlace(vault, roles, objects.get(managed)!);
    await putInPlace(vault, managed, objects.get(roles)!);
    await expect(setting.restoreInto(target, vault)).rejects.toThrow(/(roles|managed-objects)\.sql\.zst is damaged/);
    expect(await runSql(target.url, "select from pg_tables where schemaname = 'public'")).toEqual([]);
  });
});

describe("manifests that are not what was signed", () => {
  it.each<[string, string, (bytes: Buffer) => Buffer, RegExp]>([
    ["bit-flipped", MANIFEST, flipped, /not signed by a trusted key/],
    ["truncated", MANIFEST, (bytes) => bytes.subarray(0, somewhere(bytes)), /not signed by a trusted key/],
    ["without its signature", SIGNATURE, () => Buffer.alloc(0), /not signed by a trusted key/],
    ["with another's signature", SIGNATURE, () => objects.get(at(older, SIGNATURE))!, /not signed by a trusted key/],
    ["with another's proof", PROOF, () => objects.get(at(older, PROOF))!, /its proof belongs to another backup/],
    ["with half a proof", PROOF, (bytes) => bytes.subarray(0, somewhere(bytes)), /its proof is not readable/],
  ])("%s: listed by name as not proven; the older one is restored instead", async (_case, object, change, problem) => {
    await putInPlace(vault, at(newer, object), change(objects.get(at(newer, object))!));
    const { proven, problems } = await summaryOf(newer.backupId);
    expect([proven, problems.join()]).toEqual([false, expect.stringMatching(problem)]);
    expect(await setting.check(vault)).toMatchObject({ backupId: older.backupId });
    await expect(setting.restoreInto(untouched, vault, newer.backupId)).rejects.toThrow(problem);
  });

  it("replayed under a newer id, and into another tier, whole and with their proof", async () => {
    const copies = ["daily/20990101T000000Z-abcdef/", `weekly/${older.backupId}/`, `daily-2/${older.backupId}/`];
    for (const [key, bytes] of objects) {
      const from = at(older, "");
      if (key.startsWith(from)) for (const copy of copies) await vault.put(copy + key.slice(from.length), bytes);
    }
    const tiers = [...ALL_TIERS, { name: "daily-2", prefix: "daily-2/" }];
    const found = await listBackups({ vault, trustedKeys: setting.trustedKeys, tiers });
    const problem = `its manifest belongs to backup ${older.backupId} of tier daily`;
    for (const copy of copies) {
      const one = found.find(({ prefix, backupId }) => `${prefix}${backupId}/` === copy)!;
      expect([copy, one.proven, one.problems]).toEqual([copy, false, [problem]]);
    }
    expect(found.filter((one) => one.proven).map((one) => one.backupId)).toEqual([newer.backupId, older.backupId]);
    expect(await setting.check(vault)).toMatchObject({ backupId: newer.backupId });
    await expect(setting.restoreInto(untouched, vault, "20990101T000000Z-abcdef")).rejects.toThrow(problem);
    expect(await runSql(untouched.url, "select from pg_tables where schemaname = 'public'")).toEqual([]);
  });

  it("of a backup that names another's objects as its own", async () => {
    const backupId = newer.backupId.replace(/.{6}$/, "ffffff");
    await forge({ ...older, backupId });
    expect(await summaryOf(backupId)).toMatchObject({
      proven: false,
      problems: [expect.stringContaining("belongs to")],
    });
  });

  it("signed by a key that no site trusts", async () => {
    const stranger = newPrivateKey();
    await forge(newer, stranger);
    expect(await summaryOf(newer.backupId)).toMatchObject({
      proven: false,
      problems: ["its manifest is not signed by a trusted key"],
    });
    expect(await setting.check(vault)).toMatchObject({ backupId: older.backupId });
    // A site that trusts only the stranger's key finds only that backup.
    const trustedKeys = [await localSigner(stranger).publicKeyPem()];
    const seen = await listBackups({ vault, trustedKeys, tiers: ALL_TIERS });
    expect(seen.filter((one) => one.proven).map((one) => one.backupId)).toEqual([newer.backupId]);
  });
});

describe("objects that were written over or deleted, with the good version beneath", () => {
  const all = () => [...objects.keys()].filter((key) => key.startsWith(at(newer, "")));
  const garbage = Buffer.from("garbage");

  it("are found all the same: listed as proven, verified and restored, and reported", async () => {
    for (const key of all()) await putOver(vault, key, key.endsWith(".zst") ? flipped(objects.get(key)!) : garbage);
    const { proven, walkedPast } = await summaryOf(newer.backupId);
    expect(proven).toBe(true);
    const objectsOfList = [MANIFEST, SIGNATURE, PROOF].map((object) => at(newer, object));
    expect(walkedPast).toEqual(
      objectsOfList
        .sort()
        .map((key): unknown =>
          expect.stringMatching(
            `^${key} was written over: 1 newer version does not match and was passed over, .*trail`,
          ),
        ),
    );
    const verified = await setting.check(vaultIn(store));
    expect(verified).toMatchObject({ backupId: newer.backupId, ok: true });
    expect(verified.walkedPast).toHaveLength(all().length);
    const target = await setting.server.newDatabase();
    const restored = await setting.restoreInto(target, vaultIn(store));
    expect(restored.backupId).toBe(newer.backupId);
    expect(restored.notes).toEqual(
      expect.arrayContaining(
        [...newer.chunks, ...objectsOfList.map((key) => ({ key }))].map(({ key }): unknown =>
          expect.stringContaining(`In the vault ${key} was written over`),
        ),
      ),
    );
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
  }, 60_000);

  it("also below a flood of versions, and if only a share of the objects is read", async () => {
    const key = at(newer, MANIFEST);
    for (let n = 0; n < 40; n += 1) await putOver(vault, key, Buffer.from(`garbage ${n}`));
    await putOver(vault, newer.chunks[0]!.key, garbage);
    const { proven, walkedPast } = await summaryOf(newer.backupId);
    expect([proven, walkedPast]).toEqual([
      true,
      [expect.stringContaining(`${key} was written over: 40 newer versions`)],
    ]);
    for (const number of [1, 2]) {
      const options = { vault, trustedKeys: setting.trustedKeys, tiers: ALL_TIERS, reporter: silent };
      expect(await verify({ ...options, share: { number, of: 2 } })).toMatchObject({ ok: true });
    }
  });

  it("are read from below their delete markers, which is reported unless lifecycle can have created them", async () => {
    for (const key of all()) await hide(vault, key);
    const deleted = new RegExp(`^${all().length} objects .* were deleted at .* and read from below the delete marker`);
    expect(await summaryOf(newer.backupId)).toMatchObject({
      proven: true,
      walkedPast: [expect.stringMatching(deleted)],
    });
    expect((await setting.check(vault)).walkedPast).toEqual([expect.stringMatching(deleted)]);
    const expired = await listBackups({
      vault: vaultIn(store),
      trustedKeys: setting.trustedKeys,
      tiers: ALL_TIERS.map((tier) => ({ ...tier, keptDays: 0 })),
    });
    expect(expired[0]).toMatchObject({ backupId: newer.backupId, proven: true });
    expect(expired[0]).not.toHaveProperty("walkedPast");
  });

  // A chunk is read through another function than a part.
  it.each(["schema.dump.zst", ".copy.zst"])(
    "are no proof if the run itself reads back what it has just written: %s",
    async (name) => {
      const own = vaultIn(await setting.newStore());
      const attacked: Vault = {
        ...own,
        async put(key, body, options) {
          const stored = await own.put(key, body, options);
          if (key.endsWith(name)) await putOver(own, key, garbage);
          return stored;
        },
      };
      await expect(setting.backUp(attacked)).rejects.toThrow(`${name} is damaged`);
      expect(await setting.list(own)).toMatchObject([{ proven: false, problems: ["it was not read back yet"] }]);
    },
    30_000,
  );
});

describe("backups with another date than their own", () => {
  /** A whole backup by a runner whose clock is wrong: it signs and dates everything by that clock. */
  async function takenBy(clock: string): Promise<string> {
    const backupId = `${clock.replaceAll(/[-:]/g, "").replace(".000Z", "Z")}-abcdef`;
    const moved = (key: string) => key.replace(newer.backupId, backupId);
    const own = <T extends { key: string }>(all: T[]) => all.map((one) => ({ ...one, key: moved(one.key) }));
    for (const { key } of [...newer.parts, ...newer.chunks]) await vault.put(moved(key), objects.get(key)!);
    const dates = { startedAt: clock, snapshotAt: clock, finishedAt: clock };
    await forge({ ...newer, ...dates, backupId, parts: own(newer.parts), chunks: own(newer.chunks) });
    return backupId;
  }

  it("in the future: no calendar counts them and none is the newest, but one can be restored by its id", async () => {
    const backupId = await takenBy("2099-05-05T00:00:00.000Z");
    expect(await summaryOf(backupId)).toMatchObject({ proven: true });
    expect(await setting.check(vault)).toMatchObject({ backupId: newer.backupId });
    expect(await setting.check(vault, backupId)).toMatchObject({ backupId });
    const target = await setting.server.newDatabase();
    expect((await setting.restoreInto(target, vault)).backupId).toBe(newer.backupId);
    const future = { tier: "annual", takenAt: new Date("2099-05-05T00:00:00.000Z") };
    expect(tierForRun(new Date("2099-01-01T00:00:00Z"), ALL_TIERS, [future]).name).toBe("annual");
  }, 30_000);

  it("in the past: they are never taken for the newest", async () => {
    const backupId = await takenBy("2001-05-05T00:00:00.000Z");
    expect((await setting.list(vault)).map((one) => one.backupId)).toEqual([newer.backupId, older.backupId, backupId]);
    expect(await setting.check(vault)).toMatchObject({ backupId: newer.backupId });
  });
});
