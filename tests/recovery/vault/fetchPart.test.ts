import { hash, randomBytes } from "node:crypto";
import { readdirSync, readlinkSync, statSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "@jest/globals";

import type { BackupSource } from "../../../recovery/vault/backupSource.ts";
import { compressBytes } from "../../../recovery/vault/compression.ts";
import { fetchDump } from "../../../recovery/vault/fetchPart.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { PassedOver } from "../../../services/vault/passedOver.ts";
import type { Vault } from "../../../services/vault/vault.ts";

const signal = new AbortController().signal;

/** A backup with one dump, whose object the vault gives like this. */
function sourceOf(stored: Buffer, get: () => AsyncGenerator<Buffer>): BackupSource {
  const sha256 = hash("sha256", stored);
  const part = { name: "schema.dump", key: "daily/x/schema.dump.zst", sizeBytes: stored.length, sha256 };
  const opened = () => Promise.resolve(Readable.from(get()));
  const vault = { name: "vault", passedOver: new PassedOver(), get: opened } as unknown as Vault;
  return { vault, manifest: { backupId: "x", parts: [part] } as unknown as BackupSource["manifest"] };
}

/** Bytes in this process's private files, which have no name. */
function bytesOnDisk(): number {
  const sizes = readdirSync("/proc/self/fd").map((fd) => {
    try {
      const isPrivate = readlinkSync(`/proc/self/fd/${fd}`).includes("/castchat-recovery-");
      return isPrivate ? statSync(`/proc/self/fd/${fd}`).size : 0;
    } catch {
      // Closed since it was listed.
      return 0;
    }
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe("fetchDump", () => {
  it("unpacks a dump", async () => {
    const plain = randomBytes(300_000);
    const stored = await compressBytes(plain);
    const file = await fetchDump(
      // eslint-disable-next-line @typescript-eslint/require-await
      sourceOf(stored, async function* () {
        yield stored;
      }),
      "schema.dump",
      signal,
    );
    const found = Buffer.alloc(plain.length + 1);
    const { bytesRead } = await file.handle.read(found, 0, found.length, 0);
    await file.remove();
    expect(found.subarray(0, bytesRead).equals(plain)).toBe(true);
  });

  it("decompresses nothing before the dump has passed its SHA-256", async () => {
    const bomb = await compressBytes(Buffer.alloc(100_000_000));
    let seen = 0;
    const fetched = fetchDump(
      sourceOf(randomBytes(bomb.length), async function* () {
        yield bomb;
        await sleep(1_000);
        seen = bytesOnDisk();
      }),
      "schema.dump",
      signal,
    );
    await expect(fetched).rejects.toThrow("daily/x/schema.dump.zst is damaged: its SHA-256 is not the manifest's");
    await expect(fetched).rejects.toBeInstanceOf(PromiseError);
    expect(seen).toBeLessThanOrEqual(bomb.length);
    expect(bytesOnDisk()).toBe(0);
  });
});
