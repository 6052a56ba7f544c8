import { Readable } from "node:stream";

import { isLostConnection } from "../aws/awsErrors.ts";
import { sleep, type Timing } from "../common/timing.ts";

/** What is known of an object's content: an answer to a GetObject, or to one of its rest. */
interface Content {
  Body?: unknown;
  ContentLength?: number | undefined;
  ContentRange?: string | undefined;
}

/** How an object is read. */
export interface ReadOnOptions {
  key: string;
  /** The answer that the reading begins with. */
  first: Content;
  /** Asks for everything from a byte on. */
  rest: (from: number) => Promise<Content>;
  /** Makes a sentence of an error that ends the reading. */
  explain: (error: unknown) => unknown;
  /** Says how long it is tried again without a single byte. */
  timing: Timing;
  signal?: AbortSignal | undefined;
}

const ATTEMPTS_AT_LEAST = 3;

/**
 * The content of an object, piece by piece. A connection that breaks half-way is made anew, and the object is read on from the
 * byte where it broke, so that an hour's restore does not end with one broken connection. A content that ends before its
 * length is taken as broken as well.
 */
export async function* readOn(options: ReadOnOptions): AsyncGenerator<Buffer> {
  const { key, first, rest, explain, timing, signal } = options;
  const whole = first.ContentLength;
  let answer = first;
  let got = 0;
  /** Bytes of an answer that were had before: a server may answer with the whole where its rest was asked for. */
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
