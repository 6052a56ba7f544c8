import { PromiseError } from "../../services/common/errors.ts";
import { fingerprintOfKey } from "../../services/signer/signer.ts";
import { contentOf, isRegular, type Manifest, parseManifest } from "./manifest.ts";

/**
 * A manifest that no trusted key has signed is parsed up to this size only. One of a million objects is smaller, and the parser needs
 * many times the memory of what a stranger may have put there.
 */
const MOST_PARSED_BYTES = 64_000_000;

/** What a backup says of itself whose signature is not by a trusted key. None of it is to be believed. */
export interface UntrustedManifest {
  /** ISO 8601. */
  snapshotAt: string;
  /** Fingerprint of the key that is said to have signed it. */
  signedBy: string;
  /** SHA-256 of the manifest's bytes, which a proof of it must name. */
  sha256: string;
  /** Every object that it is made of. */
  objects: string[];
}

/** Thrown where a manifest is not signed by a trusted key. */
export class NotTrustedError extends PromiseError {
  /** Present where it looks like a regular backup of a writer whose key is not trusted, and not like a damaged or forged one. */
  readonly claim: UntrustedManifest | undefined;

  constructor(claim: UntrustedManifest | undefined) {
    super("its manifest is not signed by a trusted key");
    this.claim = claim;
  }
}

/**
 * What an untrusted manifest claims; undefined where it is none of the format, is not a regular full backup, counts as suspicious by
 * its own word, or names a trusted key, whose signature it then does not bear.
 */
export function claimOf(
  bytes: Uint8Array,
  expected: { prefix: string; backupId: string; sha256: string; trustedKeys: readonly string[] },
): UntrustedManifest | undefined {
  if (bytes.byteLength > MOST_PARSED_BYTES) return undefined;
  let manifest: Manifest;
  try {
    manifest = parseManifest(bytes);
  } catch (error) {
    if (error instanceof PromiseError) return undefined;
    throw error;
  }
  const { snapshotAt, signedBy, suspicions } = manifest;
  const isForeign = manifest.backupId !== expected.backupId || !expected.prefix.startsWith(manifest.tier);
  if (isForeign || !isRegular(manifest) || suspicions.length > 0) return undefined;
  if (!/^[0-9a-f]{16}$/.test(signedBy) || expected.trustedKeys.map(fingerprintOfKey).includes(signedBy))
    return undefined;
  return { snapshotAt, signedBy, sha256: expected.sha256, objects: contentOf(manifest).map(({ key }) => key) };
}
