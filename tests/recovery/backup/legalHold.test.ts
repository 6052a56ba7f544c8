import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";

import { beforeAll, describe, expect, it } from "@jest/globals";

import { moveLegalHold } from "../../../recovery/backup/legalHold.ts";
import type { BackupSummary } from "../../../recovery/vault/listBackups.ts";
import { keyOf, MANIFEST, type Manifest, PROOF, SIGNATURE } from "../../../recovery/vault/manifest.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { forSuite } from "../../support/suite.ts";
import { startTestCloud } from "../support/cloud.ts";
import { hide } from "../support/inPlace.ts";

const cloud = forSuite(startTestCloud);
let vault: Vault;
beforeAll(async () => {
  vault = await cloud.newVault();
});

const PREFIX = "daily/";
/** Large enough for an upload in parts. */
const PART_BYTES = 9 * 1024 * 1024;

/** A backup of a part and a chunk; the hold asks no more of a manifest than its id and their keys. */
async function stored(backupId: string): Promise<BackupSummary> {
  const parts = [{ key: keyOf(PREFIX, backupId, "configuration.json.zst") }];
  const chunks = [{ key: keyOf(PREFIX, backupId, "data/000000.copy.zst") }];
  const lockUntil = new Date(Date.now() + 86_400_000);
  await vault.put(chunks[0]!.key, Readable.from([Buffer.alloc(PART_BYTES)]), { lockUntil });
  const small = [parts[0]!.key, ...[SIGNATURE, MANIFEST, PROOF].map((name) => keyOf(PREFIX, backupId, name))];
  for (const key of small) await vault.put(key, Buffer.from("x"), { lockUntil });
  const manifest = { backupId, parts, chunks, files: [] } as unknown as Manifest;
  return { backupId, prefix: PREFIX, manifest } as BackupSummary;
}

/** The holds of every version that lies under a backup, by its object's name. */
async function holdsOf({ backupId }: BackupSummary): Promise<Record<string, string | undefined>> {
  const holds: Record<string, string | undefined> = {};
  for (const { key, versionId } of await vault.list(`${PREFIX}${backupId}/`)) {
    const version = { Bucket: vault.name, Key: key, VersionId: versionId };
    holds[key.split("/").at(-1)!] = (await cloud.s3.getObjectLegalHold(version)).LegalHold?.Status;
  }
  return holds;
}
async function countHeld({ backupId }: BackupSummary): Promise<number> {
  const objects = await vault.list(`${PREFIX}${backupId}/`);
  const holds = await Promise.all(objects.map(({ key }) => vault.hasLegalHold(key)));
  return holds.filter((isHeld) => isHeld).length;
}
const allHoldsOf = (...backups: BackupSummary[]) => Promise.all(backups.map(holdsOf));
const all = (status: string) =>
  Object.fromEntries(
    ["000000.copy.zst", "configuration.json.zst", MANIFEST, SIGNATURE, PROOF].map((name) => [name, status]),
  );
const move = (to: BackupSummary, from: BackupSummary[], of = vault) =>
  moveLegalHold(of, { prefix: to.prefix, manifest: to.manifest! }, from, new AbortController().signal);

const withFiles = (backupId: string) => {
  const files = Array.from({ length: 1_000 }, (_, index) => ({ key: keyOf(PREFIX, backupId, `files/${index}`) }));
  const manifest = { backupId, parts: [], chunks: [], files } as unknown as Manifest;
  return { backupId, prefix: PREFIX, manifest } as BackupSummary & { manifest: Manifest };
};

describe("moveLegalHold", () => {
  it("holds every object of the newest backup, and releases the backup before", async () => {
    const first = await stored("20260701T020000Z-000001");
    await move(first, []);
    expect(await holdsOf(first)).toEqual(all("ON"));
    const second = await stored("20260701T080000Z-000002");
    await move(second, [first]);
    expect(await holdsOf(first)).toEqual(all("OFF"));
    expect(await holdsOf(second)).toEqual(all("ON"));
  });

  it("moves on when lifecycle has put delete markers over the held backup while no run took place", async () => {
    const old = await stored("20260801T020000Z-000003");
    await move(old, []);
    for (const { key } of await vault.list(`${PREFIX}${old.backupId}/`)) await hide(vault, key);
    const next = await stored("20260915T020000Z-000004");
    await move(next, [old]);
    expect(await holdsOf(next)).toEqual(all("ON"));
    expect(await holdsOf(old)).toEqual(all("OFF"));
  });

  it("stays on the newest holder of each part until a newer one has it", async () => {
    const taken = async (day: number, ...lacks: string[]): Promise<BackupSummary> => {
      const backup = await stored(`202610${day}T020000Z-00000a`);
      const startedAt = new Date(Date.UTC(2026, 9, day));
      const { parts, ...rest } = backup.manifest!;
      const manifest = {
        ...rest,
        kind: "full",
        snapshotAt: startedAt.toISOString(),
        parts: [...parts, ...["configuration.json", "project.json"].map((name) => ({ ...parts[0], name }))],
        leftOut: [],
        lacks: Object.fromEntries(lacks.map((part) => [part, ["x"]])),
      } as unknown as Manifest;
      return { ...backup, startedAt, proven: true, manifest };
    };
    const whole = await taken(10);
    await move(whole, []);
    const noFunctions = await taken(11, "functions");
    await move(noFunctions, [whole]);
    expect(await allHoldsOf(whole, noFunctions)).toEqual(["ON", "ON"].map(all));
    const noDns = await taken(12, "configuration");
    await move(noDns, [noFunctions, whole]);
    // The newest has the functions, the one before it the configuration.
    expect(await allHoldsOf(whole, noFunctions, noDns)).toEqual(["OFF", "ON", "ON"].map(all));
    const next = await taken(13);
    await move(next, [noDns, noFunctions, whole]);
    expect(await allHoldsOf(noFunctions, noDns, next)).toEqual(["OFF", "OFF", "ON"].map(all));
  });

  it("is finished, or taken back, by the next run when a run was interrupted", async () => {
    const [first, second] = [await stored("20261101T020000Z-000007"), await stored("20261102T020000Z-000008")];
    let left = 3;
    const breaking: Vault = {
      ...vault,
      setLegalHold: (key, on) => (--left < 0 ? Promise.reject(new Error("interrupted")) : vault.setLegalHold(key, on)),
    };
    await expect(move(first, [], breaking)).rejects.toThrow("interrupted");
    expect(await countHeld(first)).toBe(3);
    await move(first, []);
    expect(await holdsOf(first)).toEqual(all("ON"));

    left = 3;
    await expect(move(second, [first], breaking)).rejects.toThrow("interrupted");
    const third = await stored("20261103T020000Z-000009");
    await move(third, [second, first]);
    for (const one of [first, second]) expect(await countHeld(one)).toBe(0);
    expect(await holdsOf(third)).toEqual(all("ON"));
  });

  it("ends at once when it is interrupted, also while S3 does not answer", async () => {
    const interruption = new AbortController();
    let asked = 0;
    const silent: Vault = {
      ...vault,
      hasLegalHold: () => Promise.resolve(false),
      setLegalHold: (_, __, signal) =>
        new Promise((resolve, reject) => {
          if (++asked === 1) resolve();
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
          if (asked > 1) interruption.abort(new DOMException("interrupted", "AbortError"));
        }),
    };
    const moved = moveLegalHold(silent, withFiles("20260701T080000Z-000006"), [], interruption.signal);
    await expect(moved).rejects.toThrow("interrupted");
    // The manifest, and the objects that were asked for at once.
    expect(asked).toBeLessThanOrEqual(25);
  });

  it("can be interrupted in each of its requests", async () => {
    const interruption = new AbortController();
    const signals = new Set<AbortSignal | undefined>();
    const heard: Vault = {
      ...vault,
      hasLegalHold: (_, signal) => Promise.resolve(signals.add(signal).size < 0),
      setLegalHold: (_, __, signal) => Promise.resolve(void signals.add(signal)),
    };
    const [released, held] = [withFiles("20260701T020000Z-000005"), withFiles("20260701T080000Z-000006")];
    const releasing: Vault = { ...heard, hasLegalHold: (key) => Promise.resolve(key.includes(released.backupId)) };
    await moveLegalHold(heard, held, [], interruption.signal);
    await moveLegalHold(releasing, held, [released], interruption.signal);
    interruption.abort();
    expect([...signals].map((signal) => signal?.aborted)).not.toContain(undefined);
  });

  it("asks for the holds of a backup of many objects in turns, not for all of them at once", async () => {
    let [asking, most] = [0, 0];
    const slow: Vault = {
      ...vault,
      async setLegalHold() {
        most = Math.max(most, ++asking);
        await setImmediate();
        asking -= 1;
      },
      hasLegalHold: () => Promise.resolve(true),
    };
    await move(withFiles("20260701T080000Z-000006"), [withFiles("20260701T020000Z-000005")], slow);
    // The client has 50 connections, and a request that waits for one for longer than 2.5 seconds counts as unanswered.
    expect(most).toBeLessThanOrEqual(50);
    expect(most).toBeGreaterThan(1);
  });
});
