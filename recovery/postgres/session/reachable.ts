import { createConnection } from "node:net";

import { UserError } from "../../../services/common/errors.ts";
import { realTiming, sleep, type Timing } from "../../../services/common/timing.ts";
import { type DatabaseAddress, placeOf } from "./databaseUrl.ts";

/** "Do you speak TLS?": the first thing that a client may ask, answered with one letter before anyone logs in. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]);

/**
 * Does work for as long as a Postgres server answers at all. A network that falls silent closes no connection, so a statement
 * that waits for its answer would wait for a quarter of an hour; here it is aborted after some 20 seconds. The server is asked
 * from outside, since every session may be in the middle of a statement that takes long. After an abort it throws the reason.
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
        `The database ${placeOf(address)} has stopped answering: check the network and that the server runs, then run the same command again.`,
      ),
    );
  };
  const watching = watch();
  const either = AbortSignal.any([signal, lost.signal]);
  try {
    return await work(either);
  } catch (error) {
    // A stream that is aborted reports only that it was.
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
