import { until } from "../../../services/common/polling.ts";
import type { Session } from "./database.ts";

/**
 * Takes a lock of ours on the database, for as long as the session lives: nothing of a killed run keeps it. False if another session still
 * holds it once the limit (milliseconds) has passed.
 */
export async function takeAdvisoryLock(
  session: Session,
  name: string,
  patience: { everyMs: number; limitMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  return await until(async () => {
    const [lock] = await session.query<{ held: boolean }>(
      "select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)) as held",
      [name],
    );
    return lock?.held === true;
  }, patience);
}
