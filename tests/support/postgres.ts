import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { freePort } from "../../lab/sandbox/host/ports.ts";
import { isAlive } from "../../lab/sandbox/host/processes.ts";
import { type PostgresPackage, sandboxPostgres } from "../../lab/sandbox/postgres/binaries.ts";
import { killCluster, startCluster, SUPERUSER } from "../../lab/sandbox/postgres/cluster.ts";
import { connectionUrl } from "../../lab/sandbox/postgres/supabase.ts";
import { serverPid } from "../../recovery/postgres/programs/postgresServer.ts";
import { makeTestFolder } from "./folder.ts";
import { copyPreparedCluster, makeCluster } from "./preparedCluster.ts";

/** A throwaway server that looks like a new Supabase project's. */
export interface TestDatabase {
  /** Connection string of the app's role `postgres` (no superuser). */
  url: string;
  /** Connection string of `supabase_admin`. */
  superuserUrl: string;
  port: number;
  /** `kill -9` of the server's first process, and of those that it leaves behind: nothing is written, nobody is told. */
  crash(): Promise<void>;
  /** Starts it again on the same port. */
  startAgain(): Promise<void>;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

const PASSWORD = "pässword:@/ for tests";

/**
 * Starts a throwaway Supabase-like server in `.sandbox/tests-…`; takes a fraction of a second. Call stop() in afterAll.
 * @param identity "own" where the test looks whether two servers are the same one: the others are copies of one server
 */
export async function startTestDatabase(
  postgres: PostgresPackage = sandboxPostgres,
  identity: "own" | "any" = "any",
): Promise<TestDatabase> {
  const folder = await makeTestFolder();
  const dataDir = join(folder.path, "data");
  const stop = async () => {
    await killCluster(dataDir);
    await folder.remove();
  };
  try {
    const options = {
      postgres,
      dataDir,
      port: await freePort(),
      superuserPassword: PASSWORD,
      log: join(folder.path, "postgres.log"),
    };
    await (identity === "own" ? makeCluster : copyPreparedCluster)({ postgres, password: PASSWORD }, dataDir);
    await startCluster(options);
    const superuserUrl = connectionUrl(SUPERUSER, PASSWORD, options.port);
    return {
      url: connectionUrl("postgres", PASSWORD, options.port),
      superuserUrl,
      port: options.port,
      crash: () => crash(dataDir),
      async startAgain() {
        await startCluster(options);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function crash(dataDir: string): Promise<void> {
  const pid = await serverPid(dataDir);
  if (pid === undefined) throw new Error("the server does not run");
  const pids = [pid, ...(await childrenOf(pid))];
  for (const one of pids) if (isAlive(one)) process.kill(one, "SIGKILL");
  while (pids.some((one) => isAlive(one))) await sleep(10);
}

/** Asked of the kernel where it tells: `ps` takes as long as what is to be interrupted. */
async function childrenOf(pid: number): Promise<number[]> {
  const told = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => undefined);
  const text = told ?? (await promisify(execFile)("ps", ["-o", "pid=", "--ppid", String(pid)])).stdout;
  return text
    .split(/\s+/)
    .filter((one) => one !== "")
    .map(Number);
}
