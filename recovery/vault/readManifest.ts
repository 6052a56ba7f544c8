import { createHash } from "node:crypto";

import { PromiseError, UserError } from "../../services/common/errors.ts";
import { isSignedByOneOf } from "../../services/signer/signer.ts";
import type { KeptVersion, Vault } from "../../services/vault/vault.ts";
import { keyOf, MANIFEST, type Manifest, MOST_BYTES, parseManifest, SIGNATURE } from "./manifest.ts";
import { claimOf, NotTrustedError } from "./untrustedManifest.ts";
import { notePassedOver, readGood, readVersions } from "./walkVersions.ts";

/**
 * Reads a manifest, and checks that a trusted key has signed it and that it belongs to the backup that it lies with. If the newest versions
 * of manifest and signature do not match, older ones that do are taken.
 *
 * @throws NotTrustedError if no trusted key has signed it; PromiseError for any other fault
 */
export async function readManifest(
  vault: Vault,
  prefix: string,
  backupId: string,
  trustedKeys: readonly string[],
  signal?: AbortSignal,
): Promise<SignedManifest> {
  const manifest = { key: keyOf(prefix, backupId, MANIFEST), mostBytes: MOST_BYTES.manifest };
  const signature = { key: keyOf(prefix, backupId, SIGNATURE), mostBytes: MOST_BYTES.signature };
  const judge = (bytes: Uint8Array, signed: Uint8Array) => judgePair({ prefix, backupId, trustedKeys }, bytes, signed);
  try {
    const [bytes, signed] = await Promise.all(
      [manifest, signature].map(({ key, mostBytes }) => vault.getBytes(key, signal, mostBytes)),
    );
    if (bytes === undefined || signed === undefined)
      throw new PromiseError("it has no signed manifest, so it was never finished");
    return judge(bytes, signed);
  } catch (error) {
    if (!(error instanceof PromiseError)) throw error;
    // Either of the two may have been overwritten.
    const signatures = await readVersions(vault, signature, signal);
    let used: KeptVersion | undefined;
    const judgeAll = (bytes: Uint8Array): SignedManifest => {
      for (const { version, bytes: signed } of signatures) {
        try {
          const good = judge(bytes, signed);
          used = version;
          return good;
        } catch (fault) {
          if (!(fault instanceof PromiseError)) throw fault;
        }
      }
      throw error;
    };
    const good = await readGood(vault, manifest, judgeAll, signal);
    if (good === undefined) throw error;
    if (used !== undefined) await notePassedOver(vault, signature.key, used, signal);
    return good;
  }
}

/** A manifest whose signature is valid. */
interface SignedManifest {
  manifest: Manifest;
  sha256: string;
}

/** PromiseError if they are not the manifest of that backup and its signature by a trusted key. */
function judgePair(
  place: { prefix: string; backupId: string; trustedKeys: readonly string[] },
  bytes: Uint8Array,
  signature: Uint8Array,
): SignedManifest {
  const { prefix, backupId, trustedKeys } = place;
  if (trustedKeys.length === 0)
    throw new UserError(
      "No key is trusted to sign backups. Set `trustedWriterKeys` to the writers' public keys (PEM).",
    );
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (!isSignedByOneOf(trustedKeys, bytes, Buffer.from(Buffer.from(signature).toString("ascii"), "base64")))
    throw new NotTrustedError(claimOf(bytes, { prefix, backupId, sha256, trustedKeys }));
  const manifest = parseManifest(bytes);
  // The object keys must lie under the manifest's own folder, so that a copy in another tier is not taken for a backup of that tier.
  const strays = [...manifest.parts, ...manifest.chunks].some(
    ({ key }) => !key.startsWith(keyOf(prefix, backupId, "")),
  );
  if (manifest.backupId !== backupId || !prefix.startsWith(manifest.tier) || strays) {
    throw new PromiseError(`its manifest belongs to backup ${manifest.backupId} of tier ${manifest.tier}`);
  }
  return { manifest, sha256 };
}
