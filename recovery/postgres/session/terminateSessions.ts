import { until } from "../../../services/common/polling.ts";
import type { Session } from "./database.ts";

/** Which sessions are terminated. */
export interface SessionsToEnd {
  /** SQL after FROM; `pg_stat_activity` is `a`. */
  which: string;
  /** Asked for before each look. */
  values: () => readonly unknown[];
}

/**
 * Terminates sessions until two looks in a row find none: a client may be between two connections. Returns the process ids of those that it
 * has terminated, and of those that are still there after {@link Timing.sessionsEndMs}.
 */
export async function terminateSessions(
  session: Session,
  { which, values }: SessionsToEnd,
  signal?: AbortSignal,
): Promise<{ ended: ReadonlySet<number>; left: number[] }> {
  const { sessionsEndEveryMs: everyMs, sessionsEndMs: limitMs } = session.timing;
  const ended = new Set<number>();
  let left: number[] = [];
  let quiet = 0;
  const isQuiet = async () => {
    const found = await session.query<{ pid: number }>(
      `select a.pid, pg_catalog.pg_terminate_backend(a.pid) from ${which}`,
      values(),
    );
    left = found.map(({ pid }) => pid);
    for (const pid of left) ended.add(pid);
    quiet = left.length === 0 ? quiet + 1 : 0;
    return quiet === 2;
  };
  await until(isQuiet, { everyMs, limitMs, signal });
  return { ended, left };
}
