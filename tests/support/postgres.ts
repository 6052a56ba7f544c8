import { join } from "node:path";
import { freePort } from "../../sandbox/ports.ts";
import { SUPERUSER, createCluster, killCluster, startCluster } from "../../sandbox/postgres/cluster.ts";
import { connectionUrl, prepareSupabase } from "../../sandbox/postgres/supabase.ts";
import { makeTestFolder } from "./folder.ts";

/** A throwaway server that looks like a new Supabase project's. */
export interface TestDatabase {
  /** Connection string of the app's role `postgres` (no superuser). */
  url: string;
  /** Connection string of `supabase_admin`. */
  superuserUrl: string;
  port: number;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

const PASSWORD = "pässword:@/ for tests";

/** Starts a throwaway Supabase-like server in `.sandbox/tests-…`; takes about a second. Call stop() in afterAll. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const folder = await makeTestFolder();
  const dataDir = join(folder.path, "data");
  const stop = async () => {
    await killCluster(dataDir);
    await folder.remove();
  };
  try {
    const options = {
      dataDir,
      port: await freePort(),
      superuserPassword: PASSWORD,
      log: join(folder.path, "postgres.log"),
    };
    await createCluster(options);
    await startCluster(options);
    const superuserUrl = connectionUrl(SUPERUSER, PASSWORD, options.port);
    await prepareSupabase(superuserUrl, { postgresPassword: PASSWORD });
    return { url: connectionUrl("postgres", PASSWORD, options.port), superuserUrl, port: options.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
