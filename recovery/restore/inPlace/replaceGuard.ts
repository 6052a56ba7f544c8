import { together } from "../../../services/common/pool.ts";
import { sleep, type Timing } from "../../../services/common/timing.ts";
import { endSessions } from "../../gate/gateSessions.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { applicationNameOf } from "../run/restoreTarget.ts";

/** Does a piece of work while sessions of the restoring role's that aren't ours are ended: they would hold, read or alter what it works on. */
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
  const guarding = async (inner: AbortSignal) => {
    const guard = { applicationName: `${applicationNameOf(restoreId)} guard`, signal: inner, timing };
    await withSession(targetUrl, guard, (other) => keepOthersOut(other, AbortSignal.any([finished.signal, inner])));
    return undefined;
  };
  // A guard that fails ends the work: nobody else may write to what is compared.
  const [result] = await together<[T, undefined]>(signal, working, guarding);
  return result;
}

/** Who has the restoring role's own password can't be kept out by rights: such a session is ended as soon as it is seen. */
async function keepOthersOut(session: Session, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    await endSessions(session, undefined, session.timing.namedAfterMs);
    await sleep(session.timing.guardEveryMs, until).catch(() => undefined);
  }
}
