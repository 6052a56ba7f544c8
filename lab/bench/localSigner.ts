import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

import type { Signer } from "../../services/signer/signer.ts";

/** A new private key for signatures, PEM. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The public half of a private key, both PEM. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
}

/** A signer with a key in memory, instead of KMS. */
export function localSigner(privateKey: string): Signer {
  return {
    publicKeyPem: () => Promise.resolve(publicKeyOf(privateKey)),
    sign: (bytes) => Promise.resolve(sign("sha256", bytes, createPrivateKey(privateKey))),
  };
}
