import { createConnection } from "node:net";

import { UserError } from "../../../services/common/errors.ts";
import { realTiming, sleep, type Timing } from "../../../services/common/timing.ts";
import { type DatabaseAddress, placeOf } from "./databaseUrl.ts";

/** PostgreSQL's SSLRequest: the first message that a client may send, which the server answers with one letter before any login. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]);

/**
 * Runs work while a Postgres server answers. A silent network closes no connection, so a statement would wait for its answer for a quarter
 * of an hour. This aborts the work after some 20 seconds, and throws the reason. It probes over separate connections, since every session
 * may be running a long statement.
 */
export async function whileReachable<T>(
  address: DatabaseAddress,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  { probeEveryMs, unreachableMs }: Timing = realTiming,
): Promise<T> {
  const lost = new AbortController();
  const finished = new AbortController();
  const watch = async () => {
    let heardAt = performance.now();
    while (performance.now() - heardAt < unreachableMs) {
      await sleep(probeEveryMs, finished.signal).catch(() => undefined);
      if (finished.signal.aborted) return;
      if (await answers(address, probeEveryMs, finished.signal)) heardAt = performance.now();
    }
    lost.abort(
      new UserError(
        `The database ${placeOf(address)} has stopped answering. Check the network and that the server runs, then run the same command again.`,
      ),
    );
  };
  const watching = watch();
  const either = AbortSignal.any([signal, lost.signal]);
  try {
    return await work(either);
  } catch (error) {
    // An aborted stream only reports that it was aborted.
    either.throwIfAborted();
    throw error;
  } finally {
    finished.abort();
    await watching;
  }
}

async function answers({ host, port }: DatabaseAddress, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = createConnection({ host, port, signal });
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.once("connect", () => socket.write(SSL_REQUEST));
    socket.once("data", () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("error", () => undefined).once("close", () => resolve(false));
  });
}
