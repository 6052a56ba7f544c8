import { Readable } from "node:stream";

import { messageOf, redact } from "../common/errors.ts";
import { retry } from "../common/retry.ts";

/** A service answered with an error status. The message contains the service's own words. */
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
  /** Where a redirect leads, which nothing follows by itself. */
  readonly location: string | undefined;

  constructor(
    service: string,
    status: number,
    message: string,
    details: Partial<Pick<ServiceError, "code" | "body" | "retryAfterSeconds" | "location">> = {},
  ) {
    super(redact(message));
    this.service = service;
    this.status = status;
    this.code = details.code;
    this.body = details.body;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.location = details.location;
  }
}

/** A service could not be reached or gave no answer in time. It says nothing about whether a thing exists. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** The answer, or undefined if the service says that the thing does not exist. Every other error is thrown. */
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
  /** The request for messages: method and path. */
  what: string;
  /** Address for messages; left out by default. */
  at?: string | undefined;
  headers: Readonly<Record<string, string>>;
  /** The body, or what opens it from its start for every attempt. */
  body?: string | Uint8Array<ArrayBuffer> | (() => Promise<Readable>) | undefined;
  /** Milliseconds for which the service may be silent. Each piece of a streamed body starts them again. */
  timeoutMs: number;
  /** Wait before the second attempt in milliseconds; it doubles with each further one. */
  retryDelayMs: number;
  /** Attempts at most. @default 4 */
  attempts?: number | undefined;
  /** True if a POST may be repeated. GET, PUT, PATCH and DELETE always are. */
  repeatable?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Reads a successful answer, within the patience. */
  receive: (answer: Response) => T | Promise<T>;
  /** Makes the error of any other answer. */
  refusal: (answer: Refusal) => ServiceError;
}

/** An answer with an error status. */
export interface Refusal {
  status: number;
  text: string;
  /** Seconds that the service asks to wait before the next attempt. */
  retryAfterSeconds: number | undefined;
  /** The header of a redirect. */
  location: string | undefined;
}

/**
 * Sends a request until the service accepts or refuses it. 429, 5xx and no answer are retried with growing waits, or after
 * the service's `Retry-After`. A POST is retried only if the caller permits it, or after a 429.
 *
 * @throws ServiceError for a refusal, UnreachableError if there is no answer, or the signal's reason
 */
export async function exchange<T>(request: Exchange<T>): Promise<T> {
  return await retry(() => attemptOf(request), {
    attempts: request.attempts ?? 4,
    pauseMs: (error, attempt) => waitBeforeRetry(error, request, request.retryDelayMs * 2 ** (attempt - 1)),
    signal: request.signal,
  });
}

const TOO_MANY_REQUESTS = 429;
/** A service that asks for a longer wait than this counts as unavailable. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

/** Milliseconds to wait, or undefined if the error is final. */
function waitBeforeRetry<T>(error: unknown, request: Exchange<T>, growing: number): number | undefined {
  const repeatable = request.method !== "POST" || request.repeatable === true;
  if (error instanceof UnreachableError) return repeatable ? growing : undefined;
  if (!(error instanceof ServiceError)) return undefined;
  // A service checks its rate limit before it does any work, so that even a POST may be repeated.
  if (error.status !== TOO_MANY_REQUESTS && (error.status < 500 || !repeatable)) return undefined;
  const asked = error.retryAfterSeconds ?? 0;
  return asked > LONGEST_RETRY_AFTER_SECONDS ? undefined : Math.max(asked * 1000, growing);
}

async function attemptOf<T>(request: Exchange<T>): Promise<T> {
  const { service, method, url, what, at, headers, timeoutMs, signal } = request;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), timeoutMs);
  const body = typeof request.body === "function" ? await request.body() : request.body;
  // Sending a large body takes longer than the patience.
  if (body instanceof Readable) body.on("data", () => timer.refresh());
  let refused: Refusal;
  try {
    const answer = await fetch(url, {
      method,
      headers,
      // A redirect would send the token to another server. It is the answer, which a caller may follow at the same service.
      redirect: "manual",
      signal: AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]),
      ...(body instanceof Readable ? { body: Readable.toWeb(body), duplex: "half" } : body !== undefined && { body }),
    });
    if (answer.ok) return await request.receive(answer);
    const { status } = answer;
    const location = answer.headers.get("location") ?? undefined;
    refused = { status, retryAfterSeconds: secondsToWait(answer.headers), location, text: await answer.text() };
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

/** A larger number is not a wait but a time, in seconds since 1970. */
const DAY_SECONDS = 86_400;

/**
 * The seconds after which a service accepts requests again, by `Retry-After` or, at Supabase, `X-RateLimit-Reset`. Either may contain a
 * time instead, which is ignored.
 * Source: https://supabase.com/docs/reference/api/introduction (rate limits)
 */
function secondsToWait(headers: Headers): number | undefined {
  const given = ["retry-after", "x-ratelimit-reset"].map((name) => headers.get(name));
  return given
    .filter((text) => text !== null && text.trim() !== "")
    .map(Number)
    .find((seconds) => seconds >= 0 && seconds <= DAY_SECONDS);
}

/** A service's words for use within a message: without secrets, and without their full stop. */
export function wordsOf(said: string | undefined, text: string): string {
  const words = redact(said ?? text.slice(0, 200)).trim();
  return words.replace(/\.$/, "") || "no reason given";
}

/** fetch hides the reason ("connect ECONNREFUSED …") in `cause`, which has only a code if several addresses were tried. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return cause?.message === undefined ? messageOf(error) : networkReason(cause);
}

/** What went wrong on the network, without secrets. */
export function networkReason(error: NodeJS.ErrnoException): string {
  return redact(error.message || (error.code ?? error.name));
}
