import { randomBytes } from "node:crypto";

import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";

import { kmsSigner } from "../../../services/signer/kmsSigner.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { knowBucket } from "./inPlace.ts";
import { sharedCloud } from "./sharedCloud.ts";

/** S3 and KMS on this machine, for one test file. */
export type TestCloud = Awaited<ReturnType<typeof startTestCloud>>;

const REGION = "ap-northeast-1";

/** An emulator that the suites of a run share. Each suite has buckets and keys of its own. Call stop() in afterAll. */
export async function startTestCloud() {
  const { port, stop } = await sharedCloud();
  process.env["AWS_ACCESS_KEY_ID"] = "test";
  process.env["AWS_SECRET_ACCESS_KEY"] = "test";
  const endpoint = `http://127.0.0.1:${port}`;
  const s3 = new S3({ endpoint, region: REGION, forcePathStyle: true });
  const kms = new KMS({ endpoint, region: REGION });
  const suite = randomBytes(4).toString("hex");
  let buckets = 0;
  return {
    endpoint,
    region: REGION,
    s3,
    /** A vault in a new bucket with Object Lock. */
    async newVault(): Promise<Vault> {
      const bucket = `vault-${suite}-${++buckets}`;
      await s3.createBucket({ Bucket: bucket, ObjectLockEnabledForBucket: true });
      knowBucket(bucket, s3);
      return s3Vault({ bucket, region: REGION, endpoint });
    },
    /** A signer with a new key. */
    async newSigner(): Promise<Signer & { keyId: string }> {
      const { KeyMetadata } = await kms.createKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
      const keyId = KeyMetadata!.KeyId!;
      return { ...kmsSigner({ keyId, region: REGION, endpoint }), keyId };
    },
    async stop() {
      s3.destroy();
      kms.destroy();
      await stop();
    },
  };
}
