import { PromiseError } from "../../services/common/errors.ts";
import { fingerprintOfKey } from "../../services/signer/signer.ts";
import { contentOf, isRegular, type Manifest, parseManifest } from "./manifest.ts";

/**
 * The largest size of a manifest that is parsed although no trusted key has signed it. A manifest of a million objects is smaller, and the
 * parser needs many times the memory of its input, which a stranger may have written.
 */
const MOST_PARSED_BYTES = 64_000_000;

/** What a backup claims whose signature is not by a trusted key. None of it may be believed. */
export interface UntrustedManifest {
  /** ISO 8601. */
  snapshotAt: string;
  /** Fingerprint of the key that is claimed to have signed it. */
  signedBy: string;
  /** SHA-256 of the manifest's bytes, which a proof of it must name. */
  sha256: string;
  /** Keys of every object of the backup. */
  objects: string[];
}

/** Thrown if no trusted key has signed a manifest. */
export class NotTrustedError extends PromiseError {
  /** Present if the manifest looks like a regular backup of a writer whose key is not trusted, and not like a damaged or forged one. */
  readonly claim: UntrustedManifest | undefined;

  constructor(claim: UntrustedManifest | undefined) {
    super("its manifest is not signed by a trusted key");
    this.claim = claim;
  }
}

/**
 * What an untrusted manifest claims. Undefined if it is not of this format, is not a regular full backup, has suspicions, or names a
 * trusted key that has not signed it.
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
