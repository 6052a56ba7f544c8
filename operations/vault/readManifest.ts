import { createHash } from "node:crypto";
import { PromiseError, UserError } from "../../clients/errors.ts";
import { isSignedByOneOf } from "../../clients/signer.ts";
import type { Vault } from "../../clients/vault.ts";
import { MANIFEST, MOST_BYTES, SIGNATURE, keyOf, parseManifest } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { claimOf, NotTrustedError } from "./untrustedManifest.ts";

/**
 * Reads and checks a manifest: signed by a trusted key, and of the very backup that it lies with.
 *
 * @throws NotTrustedError where no trusted key has signed it; PromiseError for any other fault
 */
export async function readManifest(
  vault: Vault,
  prefix: string,
  backupId: string,
  trustedKeys: readonly string[],
  signal?: AbortSignal,
): Promise<{ manifest: Manifest; sha256: string }> {
  const [bytes, signature] = await Promise.all([
    vault.getBytes(keyOf(prefix, backupId, MANIFEST), signal, MOST_BYTES.manifest),
    vault.getBytes(keyOf(prefix, backupId, SIGNATURE), signal, MOST_BYTES.signature),
  ]);
  if (bytes === undefined || signature === undefined)
    throw new PromiseError("it has no signed manifest, so it was never finished");
  if (trustedKeys.length === 0)
    throw new UserError("No key is trusted to sign backups: set trustedWriterKeys to the writers' public keys (PEM).");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (!isSignedByOneOf(trustedKeys, bytes, Buffer.from(Buffer.from(signature).toString("ascii"), "base64")))
    throw new NotTrustedError(claimOf(bytes, { prefix, backupId, sha256, trustedKeys }));
  const manifest = parseManifest(bytes);
  // The keys that it names lie under its own place: a copy in another tier whose name begins alike is none of that tier's.
  const strays = [...manifest.parts, ...manifest.chunks].some(
    ({ key }) => !key.startsWith(keyOf(prefix, backupId, "")),
  );
  if (manifest.backupId !== backupId || !prefix.startsWith(manifest.tier) || strays) {
    throw new PromiseError(`its manifest belongs to backup ${manifest.backupId} of tier ${manifest.tier}`);
  }
  return { manifest, sha256 };
}
