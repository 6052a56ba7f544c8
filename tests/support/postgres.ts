import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { type PostgresPackage, sandboxPostgres } from "../../lab/sandbox/postgres/binaries.ts";
import { killCluster, startCluster, SUPERUSER } from "../../lab/sandbox/postgres/cluster.ts";
import { connectionUrl } from "../../lab/sandbox/postgres/supabase.ts";
import { serverPid } from "../../recovery/postgres/programs/postgresServer.ts";
import { type Session, withSession } from "../../recovery/postgres/session/database.ts";
import { freePort } from "../../services/common/ports.ts";
import { isAlive } from "../../services/common/processes.ts";
import { makeTestFolder } from "./folder.ts";
import { copyPreparedCluster, makeCluster } from "./preparedCluster.ts";

/** A throwaway server with the content of a new Supabase project's. */
export interface TestDatabase {
  /** Connection string of the app's role `postgres` (not a superuser). */
  url: string;
  /** Connection string of `supabase_admin`. */
  superuserUrl: string;
  port: number;
  /** Runs SQL as the app's role. */
  query: <Row extends object>(sql: string) => Promise<Row[]>;
  /** Runs SQL as `supabase_admin`. */
  asSuperuser: <Row extends object>(sql: string) => Promise<Row[]>;
  /** Works in a session of the app's role. */
  inSession: <T>(work: (session: Session) => Promise<T>) => Promise<T>;
  /** `kill -9` of the server's first process and of its children: nothing is written, and no client is notified. */
  crash(): Promise<void>;
  /** Starts the server again on the same port. */
  startAgain(): Promise<void>;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
}

const PASSWORD = "pässword:@/ for tests";

/**
 * Starts a throwaway Supabase-like server in `.sandbox/tests-…`, in a fraction of a second. Call stop() in afterAll.
 * @param identity "own" if the test checks whether two servers are the same; otherwise all are copies of one server
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
    const url = connectionUrl("postgres", PASSWORD, options.port);
    const superuserUrl = connectionUrl(SUPERUSER, PASSWORD, options.port);
    const session = { applicationName: "test" };
    return {
      url,
      superuserUrl,
      port: options.port,
      query: <Row extends object>(sql: string) => withSession(url, session, (one) => one.query<Row>(sql)),
      asSuperuser: <Row extends object>(sql: string) =>
        withSession(superuserUrl, session, (one) => one.query<Row>(sql)),
      inSession: (work) => withSession(url, session, work),
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

/** Read from the kernel if possible, because `ps` takes as long as the process to interrupt. */
async function childrenOf(pid: number): Promise<number[]> {
  const told = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => undefined);
  const text = told ?? (await promisify(execFile)("ps", ["-o", "pid=", "--ppid", String(pid)])).stdout;
  return text
    .split(/\s+/)
    .filter((one) => one !== "")
    .map(Number);
}
