import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import type { PostgresPackage } from "../../lab/sandbox/postgres/binaries.ts";
import {
  createCluster,
  killCluster,
  startCluster,
  stopCluster,
  SUPERUSER,
} from "../../lab/sandbox/postgres/cluster.ts";
import { connectionUrl, prepareSupabase } from "../../lab/sandbox/postgres/supabase.ts";
import { freePort } from "../../services/common/ports.ts";

/** The wanted data folder. */
export interface ClusterWish {
  postgres: PostgresPackage;
  /** Password of both the superuser and the app's role. */
  password: string;
}

/** Folder of prepared data folders, one for each version and way of creating them. */
const KEPT = join(PROJECT_ROOT, ".sandbox", "prepared-clusters");
/** Everything that decides a data folder's content. */
const MADE_BY = [
  ...readdirSync(join(PROJECT_ROOT, "lab", "sandbox", "postgres"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(PROJECT_ROOT, join(entry.parentPath, entry.name)))
    .sort(),
  join("recovery", "postgres", "programs", "postgresServer.ts"),
  join("recovery", "verify", "throwaway", "managedSchemas.ts"),
  join("recovery", "verify", "throwaway", "publishedPlatform.ts"),
];

/**
 * Copies the data of a cleanly stopped Supabase-like server into a new folder. It is created once and then copied, because initdb takes ten
 * times as long. All copies therefore share one system identifier.
 */
export async function copyPreparedCluster(wish: ClusterWish, dataDir: string): Promise<void> {
  const prepared = join(KEPT, digestOf(wish));
  if (!existsSync(prepared)) await prepare(wish, prepared);
  // Not by Node, which would give the copies to root: the server's user must own them.
  await promisify(execFile)("cp", ["-Rp", prepared, dataDir]);
}

/** Creates a data folder from scratch, with a system identifier of its own. The server is stopped. */
export async function makeCluster({ postgres, password }: ClusterWish, dataDir: string): Promise<void> {
  const options = { postgres, dataDir, port: await freePort(), superuserPassword: password, log: `${dataDir}.log` };
  await createCluster(options);
  try {
    await startCluster(options);
    await prepareSupabase(connectionUrl(SUPERUSER, password, options.port), { postgresPassword: password });
    await stopCluster(dataDir);
  } catch (error) {
    await killCluster(dataDir);
    throw error;
  }
}

/** Several processes may do this at once. The first complete folder is kept, and no reader sees half of one. */
async function prepare(wish: ClusterWish, prepared: string): Promise<void> {
  await mkdir(KEPT, { recursive: true });
  const aside = await mkdtemp(join(KEPT, "making-"));
  try {
    await makeCluster(wish, join(aside, "data"));
    await rename(join(aside, "data"), prepared).catch((error: unknown) => {
      if (!existsSync(prepared)) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function digestOf({ postgres, password }: ClusterWish): string {
  const hash = createHash("sha256").update(JSON.stringify([postgres.folder, postgres.major, password]));
  for (const path of MADE_BY) hash.update(path).update(readFileSync(join(PROJECT_ROOT, path)));
  return `${postgres.major}-${hash.digest("hex").slice(0, 16)}`;
}
