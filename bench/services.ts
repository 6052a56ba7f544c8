import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { UserError } from "../clients/errors.ts";
import { PROJECT_ROOT } from "../sandbox/layout.ts";
import { LOOPBACK, freePort } from "../sandbox/ports.ts";
import { SUPERUSER, createCluster, killCluster, startCluster } from "../sandbox/postgres/cluster.ts";
import { connectionUrl, prepareSupabase } from "../sandbox/postgres/supabase.ts";

/** Where S3 lies, for a child process. */
export interface BenchStore {
  bucket: string;
  region: string;
  endpoint: string;
}

/** A running service; ended by `stop`, its data removed. */
export interface BenchService<T> {
  at: T;
  stop(): Promise<void>;
}

const REGION = "us-east-1";
const PASSWORD = "bench";
const MODULE = "github.com/versity/versitygw/cmd/versitygw@latest";
const START_TIMEOUT_MS = 10_000;

/** A Supabase-like Postgres; the connection string is its superuser's, so that both sides may do everything. */
export async function startPostgres(): Promise<BenchService<string>> {
  await mkdir(join(PROJECT_ROOT, ".sandbox"), { recursive: true });
  const folder = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "bench-"));
  const dataDir = join(folder, "data");
  const options = { dataDir, port: await freePort(), superuserPassword: PASSWORD, log: join(folder, "log") };
  const stop = async () => {
    await killCluster(dataDir);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await createCluster(options);
    await startCluster(options);
    const url = connectionUrl(SUPERUSER, PASSWORD, options.port);
    await prepareSupabase(url, { postgresPassword: PASSWORD });
    return { at: connectionUrl("postgres", PASSWORD, options.port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * versitygw over a folder: an S3 server whose memory does not grow with what it holds. `VERSITYGW` names its program;
 * without it, it is built from Go modules into a folder that goes away with the machine's temporary files.
 */
export async function startS3(): Promise<BenchService<BenchStore>> {
  const program = process.env["VERSITYGW"] ?? (await build());
  const folder = await mkdtemp(join(tmpdir(), "castchat-bench-s3-"));
  const [data, versions] = [join(folder, "data"), join(folder, "versions")];
  await Promise.all([mkdir(data), mkdir(versions)]);
  const port = await freePort();
  process.env["AWS_ACCESS_KEY_ID"] = "bench";
  process.env["AWS_SECRET_ACCESS_KEY"] = "bench-secret";
  const server = spawn(
    program,
    [
      "--access",
      "bench",
      "--secret",
      "bench-secret",
      "--region",
      REGION,
      "--port",
      `${LOOPBACK}:${port}`,
      "--quiet",
    ].concat(["posix", "--versioning-dir", versions, data]),
    { stdio: "ignore" },
  );
  const at = { bucket: "bench", region: REGION, endpoint: `http://${LOOPBACK}:${port}` };
  const stop = async () => {
    server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  const s3 = new S3Client({ endpoint: at.endpoint, region: REGION, forcePathStyle: true });
  for (const deadline = Date.now() + START_TIMEOUT_MS; ;) {
    try {
      await s3.send(new CreateBucketCommand({ Bucket: at.bucket }));
      return { at, stop };
    } catch (error) {
      if (Date.now() > deadline) {
        await stop();
        throw error;
      }
      await sleep(100);
    }
  }
}

async function build(): Promise<string> {
  const bin = join(tmpdir(), "castchat-bench-bin");
  try {
    await promisify(execFile)("go", ["install", MODULE], { env: { ...process.env, GOBIN: bin } });
  } catch (error) {
    throw new UserError("The benchmarks need versitygw: install Go, or name the program in VERSITYGW.", {
      cause: error,
    });
  }
  return join(bin, "versitygw");
}
