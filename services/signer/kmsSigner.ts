import { createHash, createPublicKey } from "node:crypto";

import { GetPublicKeyCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";

import { type AwsPlace, endedBy, explainedCall, shortCalls } from "../aws/awsCalls.ts";
import type { Signer } from "./signer.ts";

/** A KMS key (ECC_NIST_P256, SIGN_VERIFY). */
export interface KmsSignerOptions extends AwsPlace {
  /** Key id, ARN or alias. */
  keyId: string;
}

/** Signs with AWS KMS. Errors whose cause is set-up or network are UserErrors. */
export function kmsSigner(options: KmsSignerOptions): Signer {
  const { keyId, region, endpoint } = options;
  const client = new KMSClient(shortCalls(options));
  const asked = <T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> =>
    explainedCall(answer, { service: "KMS", region, endpoint, subject: `the signing key "${keyId}"` }, signal);
  let publicKey: Promise<string> | undefined;
  return {
    publicKeyPem(signal) {
      const answer = () => client.send(new GetPublicKeyCommand({ KeyId: keyId }), endedBy(signal));
      publicKey ??= asked(answer(), signal).then(({ PublicKey }) => {
        if (PublicKey === undefined) throw new Error("KMS gave no public key");
        const key = createPublicKey({ key: Buffer.from(PublicKey), type: "spki", format: "der" });
        return key.export({ type: "spki", format: "pem" }).toString();
      });
      return publicKey;
    },
    async sign(bytes, signal) {
      // KMS signs at most 4096 bytes of message, so it gets the digest.
      const digest = createHash("sha256").update(bytes).digest();
      const algorithm = { MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" } as const;
      const command = new SignCommand({ KeyId: keyId, Message: digest, ...algorithm });
      const { Signature } = await asked(client.send(command, endedBy(signal)), signal);
      if (Signature === undefined) throw new Error("KMS gave no signature");
      return Signature;
    },
  };
}
