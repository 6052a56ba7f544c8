import { setTimeout as sleep } from "node:timers/promises";
import type { Session } from "../../clients/database.ts";

/** This run is in somebody's way, or somebody in its: it must end, and may begin anew with another snapshot. */
export class GiveWay extends Error {
  override readonly name = "GiveWay";

  constructor(options?: ErrorOptions) {
    super("another session waits for a table that the backup reads", options);
  }
}

/** How long anyone may wait behind a backup. */
const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;

/** SQLSTATE of a lock that was not to be had in time. */
export function isLockRefusal(error: unknown): boolean {
  const { code, message } = error as Partial<NodeJS.ErrnoException>;
  // pg_dump tells its server's words alone, and bounds its wait for locks by a statement timeout.
  return code === "55P03" || code === "40P01" || /statement timeout[^]*LOCK TABLE/.test(message ?? "");
}

/**
 * Looks every second whether another session waits for a lock of one of ours, until `signal` aborts; throws {@link GiveWay}
 * once one has waited for 5 seconds. Ours are known by their application name.
 */
export async function watchForWaiters(
  session: Session,
  applicationName: string,
  signal: AbortSignal,
): Promise<undefined> {
  let since: number | undefined;
  while (!signal.aborted) {
    const waiting = await session.promptly(async () => {
      // Within a transaction the server shows the same sessions again and again.
      await session.query("select pg_catalog.pg_stat_clear_snapshot()");
      return await session.query(
        `select w.pid from pg_catalog.pg_locks w cross join unnest(pg_catalog.pg_blocking_pids(w.pid)) as b (pid)
         join pg_catalog.pg_stat_activity a on a.pid = b.pid
         where not w.granted and a.application_name = $1 limit 1`,
        [applicationName],
      );
    });
    since = waiting.length === 0 ? undefined : (since ?? performance.now());
    if (since !== undefined && performance.now() - since > PATIENCE_MS - LOOK_EVERY_MS) throw new GiveWay();
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
