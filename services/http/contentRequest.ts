import { Readable } from "node:stream";

import { z } from "zod";

import { messageOf, redact } from "../common/errors.ts";
import { sleep } from "../common/timing.ts";
import { LONGEST_RETRY_AFTER_SECONDS, secondsToWait, ServiceError, UnreachableError } from "./http.ts";

const ATTEMPTS = 4;
/** Without anything sent or heard, until an answer begins; how long a content takes is up to its size. */
const TIMEOUT_MS = 120_000;

/** Both APIs: the storage service puts the true status into the body of a 400. */
const errorAnswer = z.object({
  statusCode: z.union([z.string(), z.number()]).optional(),
  message: z.string().optional(),
  error: z.string().optional(),
});

/** A request whose body or answer may be of any size; both pass as streams. */
export interface ContentRequest {
  /** For messages. */
  service: string;
  method: "GET" | "POST" | "PATCH";
  url: string;
  headers: Record<string, string>;
  /** Gives the body anew for each attempt; all that is sent here may come twice. */
  open?: (() => Promise<Readable>) | undefined;
  /** Patience with a silent service, in milliseconds (120 000). */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Sends a request until the service has taken it or has said no. One that counts requests says when it takes the next.
 *
 * @param retryDelayMs before the second attempt, then twice as long each time
 * @throws ServiceError for a refusal, UnreachableError where there is no answer
 */
export async function sendContent(request: ContentRequest, retryDelayMs = 500): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sendOnce(request);
    } catch (error) {
      request.signal?.throwIfAborted();
      const wait = waitAfter(error, retryDelayMs * 2 ** (attempt - 1));
      if (wait === undefined || attempt >= ATTEMPTS) throw error;
      await sleep(wait, request.signal);
    }
  }
}

/** Milliseconds until the next attempt: what the service asks for, else the growing wait; nothing where none would do better. */
function waitAfter(error: unknown, growing: number): number | undefined {
  if (error instanceof UnreachableError) return growing;
  if (!(error instanceof ServiceError) || (error.status !== 429 && error.status < 500)) return undefined;
  const asked = error.retryAfterSeconds ?? 0;
  return asked > LONGEST_RETRY_AFTER_SECONDS ? undefined : Math.max(asked * 1000, growing);
}

async function sendOnce(request: ContentRequest): Promise<Response> {
  const { service, method, url, headers, open, timeoutMs = TIMEOUT_MS, signal } = request;
  const what = `${method} ${new URL(url).pathname}`;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  const body = await open?.();
  const sent = body && (Readable.toWeb(body) as unknown as globalThis.ReadableStream);
  // A large object is on its way for longer than that.
  body?.on("data", () => timer.refresh());
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers,
      // A redirect would carry the key to wherever it leads.
      redirect: "error",
      signal: signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]),
      ...(sent && { body: sent, duplex: "half" }),
    });
  } catch (error) {
    const cause = (error as Error).cause;
    throw new UnreachableError(
      redact(`${service} cannot be reached (${what}): ${messageOf(cause instanceof Error ? cause : error)}.`),
    );
  } finally {
    clearTimeout(timer);
    body?.destroy();
  }
  if (answer.ok) return answer;
  throw await refusalOf(service, what, answer);
}

async function refusalOf(service: string, what: string, answer: Response): Promise<ServiceError> {
  const text = await answer.text();
  let said: z.infer<typeof errorAnswer> = {};
  try {
    said = errorAnswer.parse(JSON.parse(text));
  } catch {
    // No JSON: the text itself is the reason.
  }
  const status = Number(said.statusCode ?? answer.status);
  const words = redact(said.message ?? said.error ?? text.slice(0, 200)).replace(/\.$/, "") || "no reason given";
  return new ServiceError(service, status, `${service} refused ${what} (${status}): ${words}.`, {
    retryAfterSeconds: secondsToWait(answer.headers),
  });
}

/** The answer, or undefined where the service says that there is no such thing. */
export async function unlessMissing(answer: Promise<Response>): Promise<Response | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ServiceError && error.status === 404) return undefined;
    throw error;
  }
}

/** Of a setting's value or of what the plan offers, not of who asks. */
const REFUSED: ReadonlySet<number> = new Set([400, 402, 422]);

/** False where the service doesn't take a value. Every other error is thrown. */
export async function unlessRefused(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof ServiceError && REFUSED.has(error.status)) return false;
    throw error;
  }
}
