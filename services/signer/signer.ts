import { createHash, createPublicKey, verify } from "node:crypto";

/** Signs with a key that never leaves its store (ECDSA over P-256 with SHA-256). Errors whose cause is set-up or network are UserErrors. */
export interface Signer {
  /** The public half, PEM (SubjectPublicKeyInfo). */
  publicKeyPem(signal?: AbortSignal): Promise<string>;
  /** Signature of the bytes, DER. */
  sign(bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Whether one of the trusted keys (PEM) has made the signature (DER) of these bytes. Needs no network. */
export function isSignedByOneOf(trustedKeys: readonly string[], bytes: Uint8Array, signature: Uint8Array): boolean {
  return trustedKeys.some((pem) => verify("sha256", bytes, createPublicKey(pem), signature));
}

/** A short name of a public key (PEM): the first 16 hexadecimal digits of the SHA-256 of its DER form. */
export function fingerprintOfKey(pem: string): string {
  const der = createPublicKey(pem).export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").slice(0, 16);
}
