import { createHash } from "node:crypto";

import {
  keyOf,
  MANIFEST,
  type Manifest,
  manifestBytes,
  parseManifest,
  PROOF,
  SIGNATURE,
} from "../../../recovery/vault/manifest.ts";
import { proofBytes } from "../../../recovery/vault/proof.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { putInPlace } from "./inPlace.ts";

/** Changes a manifest, and signs and proves it again, which takes the writer's key. */
export async function resign(
  vault: Vault,
  signer: Signer,
  place: { tier: string; backupId: string },
  change: (manifest: Manifest) => void,
): Promise<void> {
  const key = (object: string) => keyOf(`${place.tier}/`, place.backupId, object);
  const manifest = parseManifest((await vault.getBytes(key(MANIFEST)))!);
  change(manifest);
  const bytes = manifestBytes(manifest);
  await putInPlace(vault, key(MANIFEST), bytes);
  const signature = Buffer.from(await signer.sign(bytes)).toString("base64");
  await putInPlace(vault, key(SIGNATURE), Buffer.from(signature, "ascii"));
  const statement = JSON.stringify({
    backupId: place.backupId,
    manifestSha256: createHash("sha256").update(bytes).digest("hex"),
    provenAt: new Date().toISOString(),
  });
  await putInPlace(vault, key(PROOF), proofBytes(statement, await signer.sign(Buffer.from(statement, "utf8"))));
}
