import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { CreateBucketCommand, DeleteObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";

import { UserError } from "../../services/common/errors.ts";
import { freePort, LOOPBACK } from "../../services/common/ports.ts";
import { type BenchService, service } from "./service.ts";

/** The address and credentials of S3, for a child process. */
export interface BenchStore {
  bucket: string;
  region: string;
  endpoint: string;
}

const REGION = "us-east-1";
const MODULE = "github.com/versity/versitygw/cmd/versitygw@latest";
const START_TIMEOUT_MS = 10_000;

/**
 * Starts versitygw over a folder, an S3 server whose memory does not grow with its content. `VERSITYGW` names the program. Without it, the
 * program is built from Go modules in a temporary folder.
 */
export async function startS3(): Promise<BenchService<BenchStore>> {
  const program = process.env["VERSITYGW"] ?? (await build());
  const folder = await mkdtemp(join(tmpdir(), "castchat-bench-s3-"));
  const [data, versions] = [join(folder, "data"), join(folder, "versions")];
  await Promise.all([mkdir(data), mkdir(versions)]);
  const address = `${LOOPBACK}:${await freePort()}`;
  process.env["AWS_ACCESS_KEY_ID"] = "bench";
  process.env["AWS_SECRET_ACCESS_KEY"] = "bench-secret";
  const account = ["--access", "bench", "--secret", "bench-secret", "--region", REGION];
  const server = spawn(
    program,
    [...account, "--port", address, "--quiet", "posix", "--versioning-dir", versions, data],
    { stdio: "ignore" },
  );
  let failure: Error | undefined;
  server.once("error", (error) => (failure = error));
  const started = service({ bucket: "bench", region: REGION, endpoint: `http://${address}` }, async () => {
    server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });
  const s3 = new S3Client({ endpoint: started.at.endpoint, region: REGION, forcePathStyle: true });
  for (const deadline = Date.now() + START_TIMEOUT_MS; ;) {
    try {
      await s3.send(new CreateBucketCommand({ Bucket: started.at.bucket }));
      return started;
    } catch (error) {
      if (failure === undefined && Date.now() < deadline) {
        await sleep(100);
        continue;
      }
      await started.stop();
      throw new UserError(`versitygw (${program}) does not answer: ${(failure ?? (error as Error)).message}.`, {
        cause: error,
      });
    }
  }
}

/** Deletes all objects with a prefix. */
export async function emptyStore({ bucket, region, endpoint }: BenchStore, prefix: string): Promise<void> {
  const s3 = new S3Client({ endpoint, region, forcePathStyle: true });
  for (;;) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    if (Contents.length === 0) return;
    await Promise.all(Contents.map(({ Key }) => s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }))));
  }
}

async function build(): Promise<string> {
  const bin = join(tmpdir(), "castchat-bench-bin");
  try {
    await promisify(execFile)("go", ["install", MODULE], { env: { ...process.env, GOBIN: bin } });
  } catch (error) {
    throw new UserError("The benchmarks need versitygw. Install Go, or set VERSITYGW to the program.", {
      cause: error,
    });
  }
  return join(bin, "versitygw");
}
