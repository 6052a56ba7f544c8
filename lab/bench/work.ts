import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

import { backup } from "../../recovery/backup/backup.ts";
import { restore } from "../../recovery/restore/recipes/restore.ts";
import { systemClock } from "../../services/common/clock.ts";
import { pool } from "../../services/common/pool.ts";
import { silent } from "../../services/common/reporter.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { s3Vault } from "../../services/vault/s3Vault.ts";
import { localSigner, publicKeyOf } from "./localSigner.ts";
import type { Peer } from "./options.ts";
import type { BenchStore } from "./s3.ts";

/** The order for a child process, as JSON on standard input. The process answers in JSON on standard output. */
export interface WorkOrder {
  kind: "backup" | "restore" | Peer | "pg_restore";
  databaseUrl: string;
  store: BenchStore;
  /** A private key for signatures, PEM. */
  privateKey: string;
}

const TIERS = [{ name: "daily", prefix: "daily/", period: "run" }] as const;
const FOLDER = "folder/";
const ZSTD_FOLDER = "folder-zstd/";
const FILE = "file/dump";
/** Files of the baseline that are transferred at once. */
const FILES_AT_ONCE = 4;
const run = promisify(execFile);

const order = (await json(process.stdin)) as WorkOrder;
const vault = s3Vault(order.store);

/** The database's address for Postgres' own tools; the password is in the environment. */
function forTools(): string {
  const url = new URL(order.databaseUrl);
  process.env["PGPASSWORD"] = decodeURIComponent(url.password);
  url.password = "";
  return url.href;
}

async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  await pool(items, FILES_AT_ONCE, work);
}

/** Dumps into a folder with two jobs, and then uploads its files. */
function dumpFolder(prefix: string, ...compression: string[]): Promise<unknown> {
  return withTemporaryFolder("bench", async (folder) => {
    const startedAt = performance.now();
    const dump = join(folder, "dump");
    const what = ["--schema=bench", `--file=${dump}`, `--dbname=${forTools()}`];
    await run("pg_dump", ["-Fd", "-j2", ...compression, ...what]);
    const dumpedAt = performance.now();
    let sizeBytes = 0;
    await eachAtOnce(await readdir(dump), async (name) => {
      const stored = await vault.put(prefix + name, createReadStream(join(dump, name)));
      sizeBytes += stored.sizeBytes;
    });
    return {
      sizeBytes,
      phases: [
        { name: "dump", durationMs: dumpedAt - startedAt },
        { name: "upload", durationMs: performance.now() - dumpedAt },
      ],
    };
  });
}

const works: Record<WorkOrder["kind"], () => Promise<unknown>> = {
  async backup() {
    const { databaseUrl, privateKey } = order;
    const signer = localSigner(privateKey);
    return await backup({ databaseUrl, vault, signer, tiers: TIERS, clock: systemClock, reporter: silent });
  },
  async restore() {
    const { databaseUrl: targetUrl } = order;
    return await restore({
      vault,
      trustedKeys: [publicKeyOf(order.privateKey)],
      tiers: TIERS,
      targetUrl,
      generation: 1,
      clock: systemClock,
      reporter: silent,
    });
  },
  "pg_dump -Fd": () => dumpFolder(FOLDER),
  "pg_dump -Fd -Z zstd": () => dumpFolder(ZSTD_FOLDER, "-Z", "zstd"),
  async "pg_dump -Fc"() {
    const dump = spawn("pg_dump", ["-Fc", "--schema=bench", `--dbname=${forTools()}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [stored] = await Promise.all([vault.put(FILE, dump.stdout), once(dump, "close")]);
    if (dump.exitCode !== 0) throw new Error("pg_dump failed");
    return { sizeBytes: stored.sizeBytes, phases: [] };
  },
  pg_restore: () =>
    withTemporaryFolder("bench", async (folder) => {
      const startedAt = performance.now();
      const dump = join(folder, "dump");
      await mkdir(dump);
      await eachAtOnce(await vault.list(FOLDER), async ({ key }) => {
        const content = await vault.get(key);
        if (content === undefined) throw new Error(`${key} is gone`);
        await pipeline(content, createWriteStream(join(dump, key.slice(FOLDER.length))));
      });
      const downloadedAt = performance.now();
      await run("pg_restore", ["-j2", "--no-owner", `--dbname=${forTools()}`, dump]);
      return {
        phases: [
          { name: "download", durationMs: downloadedAt - startedAt },
          { name: "restore", durationMs: performance.now() - downloadedAt },
        ],
      };
    }),
};
process.stdout.write(JSON.stringify(await works[order.kind]()));
