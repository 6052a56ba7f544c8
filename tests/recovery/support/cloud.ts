import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { kmsSigner, type Signer } from "../../../services/signer/signer.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { knowBucket } from "./inPlace.ts";

/** S3 and KMS on this machine, for one test file. */
export interface TestCloud {
  endpoint: string;
  region: string;
  s3: S3Client;
  /** A vault in a new bucket with Object Lock. */
  newVault(): Promise<Vault>;
  /** A signer with a new key. */
  newSigner(): Promise<Signer & { keyId: string }>;
  stop(): Promise<void>;
}

const REGION = "ap-northeast-1";
const STARTER = join(PROJECT_ROOT, "tests", "lab", "sandbox", "plugins", "support", "startMinistack.ts");

/** Starts the emulator; takes about a second. Call stop() in afterAll. */
export async function startTestCloud(): Promise<TestCloud> {
  await mkdir(join(PROJECT_ROOT, ".sandbox"), { recursive: true });
  const home = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-cloud-"));
  // In a plain Node process: Jest's realm changes what the starter sees of system errors.
  const { stdout } = await promisify(execFile)(process.execPath, [STARTER, home, "test"]);
  const { pid, port } = JSON.parse(stdout) as { pid: number; port: number };
  process.env["AWS_ACCESS_KEY_ID"] = "test";
  process.env["AWS_SECRET_ACCESS_KEY"] = "test";
  const endpoint = `http://127.0.0.1:${port}`;
  const s3 = new S3Client({ endpoint, region: REGION, forcePathStyle: true });
  const kms = new KMSClient({ endpoint, region: REGION });
  let buckets = 0;
  return {
    endpoint,
    region: REGION,
    s3,
    async newVault() {
      const bucket = `vault-${++buckets}`;
      await s3.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
      knowBucket(bucket, s3);
      return s3Vault({ bucket, region: REGION, endpoint });
    },
    async newSigner() {
      const { KeyMetadata } = await kms.send(
        new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }),
      );
      const keyId = KeyMetadata!.KeyId!;
      return { ...kmsSigner({ keyId, region: REGION, endpoint }), keyId };
    },
    async stop() {
      s3.destroy();
      kms.destroy();
      // Its state is thrown away, so it needn't be given the time to write it; its helpers are in its group.
      process.kill(-pid, "SIGKILL");
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
