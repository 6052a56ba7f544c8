import { Readable } from "node:stream";

import { messageOf, redact } from "../common/errors.ts";
import { retry } from "../common/retry.ts";

/** A service answered with an error status. The message is one sentence that ends with the service's own words. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  /** Which service, as people call it ("Vercel"). */
  readonly service: string;
  /** HTTP status. */
  readonly status: number;
  /** The service's own error code, where it gives one. */
  readonly code: string | undefined;
  /** The answer's parsed body, for fields that only some errors carry. */
  readonly body: unknown;
  /** Seconds that the service asks to wait before the next attempt. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    service: string,
    status: number,
    message: string,
    details: { code?: string | undefined; body?: unknown; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(redact(message));
    this.service = service;
    this.status = status;
    this.code = details.code;
    this.body = details.body;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** A service could not be reached or gave no answer in time. It says nothing about whether a thing exists. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/**
 * The answer, or nothing when the service itself says that the thing does not exist. Every other error is thrown: a service that
 * cannot be reached never says so.
 */
export async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ServiceError && error.status === 404) return undefined;
    throw error;
  }
}

/** Encodes a variable part of a path. */
export function segment(value: string): string {
  return encodeURIComponent(value);
}

/** One request, and what is made of its answer. */
export interface Exchange<T> {
  /** Which service, for messages. */
  service: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: URL;
  /** What is asked, for messages: method and path. */
  what: string;
  /** Address for messages; left out by default. */
  at?: string | undefined;
  headers: Readonly<Record<string, string>>;
  /** The body, or what opens it from its start for every attempt. */
  body?: string | Uint8Array<ArrayBuffer> | (() => Promise<Readable>) | undefined;
  /** Patience in milliseconds with a service that is silent; every piece of a streamed body begins it again. */
  timeoutMs: number;
  /** Attempts at most (4). */
  attempts?: number | undefined;
  /** Wait before the second attempt in milliseconds; it doubles with each further one. */
  retryDelayMs: number;
  /** True if a repetition does no harm although the method is POST. GET, PUT, PATCH and DELETE are always repeated. */
  repeatable?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Takes what is wanted from an answer that is a success, within the patience. */
  receive: (answer: Response) => T | Promise<T>;
  /** The error that any other answer is. */
  refusal: (answer: Refusal) => ServiceError;
}

/** An answer with an error status. */
export interface Refusal {
  status: number;
  text: string;
  /** Seconds that the service asks to wait before the next attempt. */
  retryAfterSeconds: number | undefined;
}

/**
 * Sends a request until the service has taken it or has said no. 429 and 5xx are tried again, and so is no answer, with
 * growing waits and the service's `Retry-After`. A POST that failed half-way is repeated only if the caller says that it may be.
 *
 * @throws ServiceError for a refusal, UnreachableError if there is no answer, or the signal's reason
 */
export async function exchange<T>(request: Exchange<T>): Promise<T> {
  const { attempts = 4, retryDelayMs, signal } = request;
  return await retry(() => attemptOf(request), {
    attempts,
    pauseMs: (error, attempt) => waitBeforeRetry(error, request, retryDelayMs * 2 ** (attempt - 1)),
    signal,
  });
}

const TOO_MANY_REQUESTS = 429;
/** A service that asks for a longer wait than this is taken as not available now. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

/** Milliseconds to wait, or nothing when the error is final. */
function waitBeforeRetry<T>(error: unknown, request: Exchange<T>, growing: number): number | undefined {
  const repeatable = request.method !== "POST" || request.repeatable === true;
  if (error instanceof UnreachableError) return repeatable ? growing : undefined;
  if (!(error instanceof ServiceError)) return undefined;
  // A rate limit is decided before any work is done, so that even a POST may come again.
  if (error.status !== TOO_MANY_REQUESTS && (error.status < 500 || !repeatable)) return undefined;
  const asked = error.retryAfterSeconds ?? 0;
  return asked > LONGEST_RETRY_AFTER_SECONDS ? undefined : Math.max(asked * 1000, growing);
}

async function attemptOf<T>(request: Exchange<T>): Promise<T> {
  const { service, method, url, what, at, headers, timeoutMs, signal } = request;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), timeoutMs);
  const body = typeof request.body === "function" ? await request.body() : request.body;
  // A large body is on its way for longer than the patience.
  if (body instanceof Readable) body.on("data", () => timer.refresh());
  let refused: Refusal;
  try {
    const answer = await fetch(url, {
      method,
      headers,
      // A redirect would carry the token to wherever it leads.
      redirect: "error",
      signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
      ...sentAs(body),
    });
    if (answer.ok) return await request.receive(answer);
    const { status } = answer;
    refused = { status, retryAfterSeconds: secondsToWait(answer.headers), text: await answer.text() };
  } catch (error) {
    signal?.throwIfAborted();
    const reason = silence.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : causeOf(error);
    const where = at === undefined ? "" : ` at ${at}`;
    throw new UnreachableError(redact(`${service} cannot be reached${where} (${what}): ${reason}.`));
  } finally {
    clearTimeout(timer);
    if (body instanceof Readable) body.destroy();
  }
  throw request.refusal(refused);
}

function sentAs(body: string | Uint8Array<ArrayBuffer> | Readable | undefined): RequestInit {
  if (body === undefined) return {};
  if (!(body instanceof Readable)) return { body };
  return { body: Readable.toWeb(body), duplex: "half" };
}

/** What is more than this is no time to wait but a moment, in seconds since 1970. */
const DAY_SECONDS = 86_400;

/**
 * The seconds after which a service lets requests in again, if it says so: by `Retry-After`, or as Supabase does by
 * `X-RateLimit-Reset`. Either may hold a moment instead: then the wait is the caller's own.
 * Source: https://supabase.com/docs/reference/api/introduction (rate limits)
 */
function secondsToWait(headers: Headers): number | undefined {
  const given = ["retry-after", "x-ratelimit-reset"].map((name) => headers.get(name));
  return given
    .filter((text) => text !== null && text.trim() !== "")
    .map(Number)
    .find((seconds) => seconds >= 0 && seconds <= DAY_SECONDS);
}

/** A service's words within a message: without secrets, and without the full stop that the message has. */
export function wordsOf(said: string | undefined, text: string): string {
  return (
    redact(said ?? text.slice(0, 200))
      .trim()
      .replace(/\.$/, "") || "no reason given"
  );
}

/** fetch hides the reason ("connect ECONNREFUSED …") in `cause`; where several addresses were tried, that has a code alone. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return cause?.message === undefined ? messageOf(error) : networkReason(cause);
}

/** What went wrong on the network, without secrets. */
export function networkReason(error: NodeJS.ErrnoException): string {
  return redact(error.message || (error.code ?? error.name));
}
