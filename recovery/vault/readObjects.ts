import { hash } from "node:crypto";

import { messageOf, type PromiseError } from "../../services/common/errors.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { BackupSource } from "./backupSource.ts";
import { contentOf } from "./manifest.ts";
import { readBack } from "./readBack.ts";
import { damaged, missing } from "./readPart.ts";
import type { Share } from "./verification.ts";

/** Faults that are reported. A backup with more is not read any further. */
const MOST_FAULTS = 50;

/** What was read of a backup's objects, and their faults. */
export interface Reading {
  objects: number;
  sizeBytes: number;
  faults: string[];
}

/**
 * Reads all of a backup's objects, or a share of them, in full. The objects of other shares are looked up in the vault's list, and a
 * missing or shortened one is a fault. All faults are reported, up to {@link MOST_FAULTS}. An unreachable vault is an error.
 */
export async function readObjects(
  source: BackupSource,
  prefix: string,
  share: Share | undefined,
  signal: AbortSignal,
): Promise<Reading> {
  const { vault, manifest } = source;
  const isWanted = (key: string) => share === undefined || isInShare(key, share);
  const read = contentOf(manifest).filter(({ key }) => isWanted(key));
  const faults: string[] = [];
  const onFault = (fault: PromiseError) => {
    faults.push(messageOf(fault));
    if (faults.length >= MOST_FAULTS) throw new TooMany();
  };
  try {
    await readBack(source, signal, { isWanted, onFault });
    const listed = new Map((await vault.list(`${prefix}${manifest.backupId}/`, signal)).map((one) => [one.key, one]));
    for (const { key, sizeBytes } of contentOf(manifest).filter((one) => !isWanted(one.key))) {
      const there = listed.get(key)?.sizeBytes;
      if (there === sizeBytes) continue;
      if (vault.passedOver.isSuspect(key) && (await hasVersionOf(vault, key, sizeBytes, signal))) continue;
      onFault(
        there === undefined ? missing(key, vault) : damaged(key, `it has ${there} bytes instead of ${sizeBytes}`),
      );
    }
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
    faults.push(`after ${MOST_FAULTS} faults nothing more was read`);
  }
  return { objects: read.length, sizeBytes: read.reduce((sum, one) => sum + one.sizeBytes, 0), faults };
}

/** Whether an older version has that size. Its content is compared when its own share is read. */
async function hasVersionOf(vault: Vault, key: string, sizeBytes: number, signal: AbortSignal): Promise<boolean> {
  return (await vault.versions(key, signal)).some((version) => version.sizeBytes === sizeBytes);
}

class TooMany extends Error {}

/**
 * Whether an object belongs to a share. That only depends on its name, so that all shares together read each object once.
 *
 * @internal exported for the test of that sentence
 */
export function isInShare(key: string, { number, of }: Share): boolean {
  return hash("sha256", key, "buffer").readUIntBE(0, 6) % of === number - 1;
}
