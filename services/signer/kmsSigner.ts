import { createHash, createPublicKey } from "node:crypto";

import { GetPublicKeyCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";

import { type AwsPlace, explainedCall, shortCalls } from "../aws/awsCalls.ts";
import type { Signer } from "./signer.ts";

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

function spkiToPem(der: Uint8Array): string {
  return createPublicKey({ key: Buffer.from(der), type: "spki", format: "der" })
    .export({ type: "spki", format: "pem" })
    .toString();
}
