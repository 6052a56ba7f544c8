import { together } from "../../../services/common/pool.ts";
import { sleep, type Timing } from "../../../services/common/timing.ts";
import { endSessions } from "../../gate/gateSessions.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { applicationNameOf } from "../run/restoreTarget.ts";

/** Does work while it ends other sessions of the restoring role, which could lock, read or change what the work is on. */
export async function keptToOurselves<T>(
  restoreId: string,
  { targetUrl, signal, timing }: { targetUrl: string; signal: AbortSignal; timing?: Timing | undefined },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const finished = new AbortController();
  const working = async (inner: AbortSignal) => {
    try {
      return await work(inner);
    } finally {
      finished.abort();
    }
  };
  const guarding = (inner: AbortSignal) => {
    const guard = { applicationName: `${applicationNameOf(restoreId)} guard`, signal: inner, timing };
    return withSession(targetUrl, guard, (other) => keepOthersOut(other, AbortSignal.any([finished.signal, inner])));
  };
  // If the guard fails, the work ends: no other session may write to what is compared.
  const [result] = await together<[T, unknown]>(signal, working, guarding);
  return result;
}

/** Rights cannot keep out a session that logs in as the restoring role. It is ended as soon as it is seen. */
async function keepOthersOut(session: Session, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    await endSessions(session, undefined, session.timing.namedAfterMs);
    await sleep(session.timing.guardEveryMs, until).catch(() => undefined);
  }
}
