import { createHash, createPrivateKey, sign } from "node:crypto";

import {
  MANIFEST,
  type Manifest,
  manifestBytes,
  parseManifest,
  PROOF,
  SIGNATURE,
} from "../../../recovery/vault/manifest.ts";
import { proofBytes } from "../../../recovery/vault/proof.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { putInPlace } from "../../recovery/support/inPlace.ts";

/** Stores a manifest as somebody does who has a key: signed, and proven. `place` is the backup's, with the closing slash. */
export async function forge(vault: Vault, place: string, privateKey: string, manifest: Manifest): Promise<void> {
  const bytes = manifestBytes(manifest);
  const signed = (content: Uint8Array) => sign("sha256", content, createPrivateKey(privateKey));
  const manifestSha256 = createHash("sha256").update(bytes).digest("hex");
  const statement = JSON.stringify({ backupId: manifest.backupId, manifestSha256, provenAt: new Date().toISOString() });
  await putInPlace(vault, place + MANIFEST, bytes);
  await putInPlace(vault, place + SIGNATURE, Buffer.from(signed(bytes).toString("base64")));
  await putInPlace(vault, place + PROOF, proofBytes(statement, signed(Buffer.from(statement))));
}

/** Changes a stored manifest and signs it anew. */
export async function signedAgain(
  vault: Vault,
  place: string,
  privateKey: string,
  change: (manifest: Manifest) => Manifest,
): Promise<void> {
  const bytes = await vault.getBytes(place + MANIFEST);
  if (bytes === undefined) throw new Error(`${place} has no manifest`);
  await forge(vault, place, privateKey, change(parseManifest(bytes)));
}
