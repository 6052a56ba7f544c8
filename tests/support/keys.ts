import { generateKeyPairSync } from "node:crypto";

/** A new public key in PEM, on the curve of signing keys unless another one is given. */
export function publicKeyPem(namedCurve = "prime256v1"): string {
  return generateKeyPairSync("ec", { namedCurve }).publicKey.export({ type: "spki", format: "pem" }).toString();
}
