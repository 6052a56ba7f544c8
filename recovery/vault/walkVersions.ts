import { createHash } from "node:crypto";

import { PromiseError } from "../../services/common/errors.ts";
import type { KeptVersion, Vault } from "../../services/vault/vault.ts";

/** Versions of a key that are read in addition to the newest. An attacker may have written thousands. */
const LOOKED_AT = 20;

/** A small object that is judged as a whole. */
export interface JudgedObject {
  key: string;
  /** The largest size that it can have, in bytes. */
  mostBytes: number;
  /** Its size in bytes, if it is known. Versions of another size are not read. */
  sizeBytes?: number;
}

/**
 * The content of an object, as `judge` returns it. Usually the newest version is accepted, which costs one request. If `judge` refuses it
 * (PromiseError), older versions are read, the oldest first: keys are written once, so the first version is the backup's own. Versions that
 * were passed over are noted in `vault.passedOver`. Undefined if the key has no version.
 *
 * @throws the newest version's fault if `judge` accepts no version
 */
export async function readGood<T>(
  vault: Vault,
  object: JudgedObject,
  judge: (bytes: Uint8Array) => T,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const { key, mostBytes, sizeBytes } = object;
  try {
    const bytes = await vault.getBytes(key, signal, mostBytes);
    return bytes && judge(bytes);
  } catch (error) {
    if (!(error instanceof PromiseError)) throw error;
    const versions = await vault.versions(key, signal);
    const older = olderFirst(versions).filter((one) =>
      sizeBytes === undefined ? one.sizeBytes <= mostBytes : one.sizeBytes === sizeBytes,
    );
    for (const version of older.slice(0, LOOKED_AT)) {
      const good = await unlessRefused(async () => {
        const bytes = await vault.getBytes(key, signal, mostBytes, version.versionId);
        return bytes && { value: judge(bytes) };
      });
      if (good === undefined) continue;
      note(vault, key, versions, version);
      return good.value;
    }
    throw error;
  }
}

/**
 * The version of a large object that has this size and SHA-256, if a listing has shown several versions. Undefined if that is the newest
 * one. The candidates are read in full, one after the other, without being kept. Versions that were passed over are noted in
 * `vault.passedOver`.
 */
export async function matchingVersion(
  vault: Vault,
  { key, sizeBytes, sha256 }: { key: string; sizeBytes: number; sha256: string },
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (!vault.passedOver.isSuspect(key)) return undefined;
  const known = vault.passedOver.chosen(key);
  if (known !== undefined) return known;
  const versions = await vault.versions(key, signal);
  for (const version of candidates(versions, (one) => one.sizeBytes === sizeBytes)) {
    if ((await hashOf(vault, key, version, signal)) !== sha256) continue;
    if (version === versions[0]) return undefined;
    note(vault, key, versions, version);
    return version.versionId;
  }
  return undefined;
}

/** All versions but the newest, the oldest first. */
function olderFirst(newestFirst: readonly KeptVersion[]): KeptVersion[] {
  return newestFirst.slice(1).reverse();
}

/** The versions that are looked at: the newest, then from the oldest on. */
function candidates(newestFirst: readonly KeptVersion[], fits: (version: KeptVersion) => boolean): KeptVersion[] {
  return [...newestFirst.slice(0, 1), ...olderFirst(newestFirst)].filter(fits).slice(0, LOOKED_AT + 1);
}

/** Every version of a small object that could be the right one, with its content: the newest first, then from the oldest on. */
export async function readVersions(
  vault: Vault,
  { key, mostBytes }: JudgedObject,
  signal?: AbortSignal,
): Promise<{ version: KeptVersion; bytes: Uint8Array }[]> {
  const versions = await vault.versions(key, signal);
  const found: { version: KeptVersion; bytes: Uint8Array }[] = [];
  for (const version of candidates(versions, (one) => one.sizeBytes <= mostBytes)) {
    const bytes = await vault.getBytes(key, signal, mostBytes, version.versionId);
    if (bytes !== undefined) found.push({ version, bytes });
  }
  return found;
}

/** Notes in `vault.passedOver` the versions that are newer than the one that was taken. */
export async function notePassedOver(
  vault: Vault,
  key: string,
  taken: KeptVersion,
  signal?: AbortSignal,
): Promise<void> {
  const versions = await vault.versions(key, signal);
  const same = versions.find(({ versionId }) => versionId === taken.versionId);
  if (same !== undefined) note(vault, key, versions, same);
}

function note(vault: Vault, key: string, newestFirst: readonly KeptVersion[], taken: KeptVersion): void {
  const [newest] = newestFirst;
  const newer = newestFirst.indexOf(taken);
  if (newest === undefined || newer <= 0 || taken.versionId === undefined) return;
  vault.passedOver.note({ key, newer, newestAt: newest.modifiedAt }, taken.versionId);
}

async function hashOf(vault: Vault, key: string, { versionId }: KeptVersion, signal?: AbortSignal): Promise<string> {
  const content = await vault.get(key, signal, versionId);
  const hash = createHash("sha256");
  if (content !== undefined) for await (const piece of content as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest("hex");
}

/** Undefined if the work throws a PromiseError. */
export async function unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PromiseError) return undefined;
    throw error;
  }
}

/** What the readers of a backup have passed over, in sentences. */
export function walkedPastNotes(vault: Vault, { backupId }: { backupId: string }): string[] {
  return vault.passedOver.clauses(backupId).map((clause) => `In the vault ${clause}.`);
}
