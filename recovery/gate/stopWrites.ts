import { amount } from "../../services/common/amount.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import { withSession } from "../postgres/session/database.ts";
import { closeGate, ENGINEER } from "./writeGate.ts";

/**
 * Stops all writes to a database but our own, as `castchat-recovery writes stop` does, so that `writes allow` undoes it. Returns what was
 * done, in words. It gives up after a while: a recovery does not wait for a database that hangs.
 */
export async function stopWritesOf(
  connectionString: string,
  signal: AbortSignal,
  timing: Timing = realTiming,
): Promise<string> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timing.fenceMs)]);
  const options = { applicationName: "castchat-recovery fence", signal: limited, timing };
  const { sessionsEnded } = await withSession(connectionString, options, (session) =>
    closeGate(session, { holder: ENGINEER, level: "writes", signal: limited }),
  );
  return `writes are stopped (${amount(sessionsEnded, "session")} ended) until \`castchat-recovery writes allow\``;
}
