import { createHash, createPublicKey, verify } from "node:crypto";

import { GetPublicKeyCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";

import { type AwsPlace, explainedCall, shortCalls } from "../aws/awsCalls.ts";

/** Signs with a key that never leaves its place (ECDSA over P-256 with SHA-256). */
export interface Signer {
  /** The public half, PEM (SubjectPublicKeyInfo). */
  publicKeyPem(): Promise<string>;
  /** Signature of the bytes, DER. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A KMS key (ECC_NIST_P256, SIGN_VERIFY). */
export interface KmsSignerOptions extends AwsPlace {
  /** Key id, ARN or alias. */
  keyId: string;
}

/** Signs by AWS KMS. Errors whose cause is set-up or network are UserErrors of one sentence. */
export function kmsSigner(options: KmsSignerOptions): Signer {
  const { keyId, region, endpoint } = options;
  const client = new KMSClient(shortCalls(options));
  const asked = <T>(answer: Promise<T>): Promise<T> =>
    explainedCall(answer, { service: "KMS", region, endpoint, subject: `the signing key "${keyId}"` });
  let publicKey: Promise<string> | undefined;
  return {
    publicKeyPem() {
      publicKey ??= asked(client.send(new GetPublicKeyCommand({ KeyId: keyId }))).then(({ PublicKey }) => {
        if (PublicKey === undefined) throw new Error("KMS gave no public key");
        return spkiToPem(PublicKey);
      });
      return publicKey;
    },
    async sign(bytes) {
      // KMS takes at most 4096 bytes of message, but any digest.
      const digest = createHash("sha256").update(bytes).digest();
      const command = new SignCommand({
        KeyId: keyId,
        Message: digest,
        MessageType: "DIGEST",
        SigningAlgorithm: "ECDSA_SHA_256",
      });
      const { Signature } = await asked(client.send(command));
      if (Signature === undefined) throw new Error("KMS gave no signature");
      return Signature;
    },
  };
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

function spkiToPem(der: Uint8Array): string {
  return createPublicKey({ key: Buffer.from(der), type: "spki", format: "der" })
    .export({ type: "spki", format: "pem" })
    .toString();
}
