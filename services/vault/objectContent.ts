import { Readable } from "node:stream";

import { isLostConnection } from "../aws/awsErrors.ts";
import { sleep, type Timing } from "../common/timing.ts";

/** The part that is used of the answer to a GetObject, or to one of the object's rest. */
interface Content {
  Body?: unknown;
  ContentLength?: number | undefined;
  ContentRange?: string | undefined;
}

/** How an object is read. */
export interface ReadOnOptions {
  key: string;
  /** The first answer. */
  first: Content;
  /** Asks for the rest from a byte on. */
  rest: (from: number) => Promise<Content>;
  /** Makes the message of an error that ends the reading. */
  explain: (error: unknown) => unknown;
  /** For how long it is tried again without receiving a byte. */
  timing: Timing;
  signal?: AbortSignal | undefined;
}

const ATTEMPTS_AT_LEAST = 3;

/**
 * The content of an object, piece by piece. After a broken connection a new one continues from the same byte, so that a restore of an hour
 * survives it. Content that ends before its length counts as broken, too.
 */
export async function* readOn(options: ReadOnOptions): AsyncGenerator<Buffer> {
  const { key, first, rest, explain, timing, signal } = options;
  const whole = first.ContentLength;
  let answer = first;
  let got = 0;
  /** Bytes of the answer that were already received: a server may answer with the whole object instead of its rest. */
  let skip = 0;
  let attempts = 0;
  let heardAt = performance.now();
  for (;;) {
    const begin = got;
    try {
      if (!(answer.Body instanceof Readable)) throw new Error(`S3 gave no content for ${key}`);
      for await (const piece of answer.Body as AsyncIterable<Buffer>) {
        const fresh = piece.subarray(skip);
        skip -= piece.length - fresh.length;
        if (fresh.length === 0) continue;
        got += fresh.length;
        yield fresh;
      }
      if (whole === undefined || got >= whole) return;
      throw Object.assign(new Error(`${key} broke off after ${got} of ${whole} bytes`), { code: "ECONNRESET" });
    } catch (error) {
      signal?.throwIfAborted();
      if (got > begin) [attempts, heardAt] = [0, performance.now()];
      attempts += 1;
      const isSpent = attempts >= ATTEMPTS_AT_LEAST && performance.now() - heardAt >= timing.awsPatienceMs;
      if (!isLostConnection(error) || isSpent) throw explain(error);
      await sleep(timing.vaultPauseMs * Math.min(attempts, 10), signal);
      answer = await rest(got);
      skip = answer.ContentRange === undefined ? got : 0;
      if (answer.ContentRange?.startsWith(`bytes ${got}-`) === false)
        throw new Error(`S3 gave ${answer.ContentRange} of ${key} instead of the bytes from ${got} on`, {
          cause: error,
        });
    }
  }
}
