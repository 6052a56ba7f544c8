import type { z } from "zod";

import { messageOf, redact } from "../common/errors.ts";
import { sleep } from "../common/timing.ts";

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

/** True when the service itself said that the thing is not there; an unreachable service never says so. */
export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof ServiceError && thrown.status === 404;
}

/** The answer, or nothing when the service itself says that the thing does not exist. Every other error is thrown. */
export async function unlessNotFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** What a service's error body says: its own sentence and code. */
export interface ServiceMessage {
  message?: string | undefined;
  code?: string | undefined;
}

/** How to speak to one service. */
export interface JsonClientOptions {
  /** Name for messages, "Vercel". */
  service: string;
  /** Address, without a slash at its end. */
  baseUrl: string;
  /** Bearer token; it is never part of a message. */
  token: string;
  /** Environment variable or setting that the token comes from, so that a refusal can say what to look at. */
  tokenName: string;
  /** Takes the service's own words out of an error body. */
  describeError: (body: unknown) => ServiceMessage;
  /** Patience with one attempt, in milliseconds (30 000). */
  timeoutMs?: number;
  /** Further attempts after a failed first one (3). */
  retries?: number;
  /** Wait before the second attempt in milliseconds (250); it doubles with each further one. */
  retryDelayMs?: number;
}

/** One request. */
export interface JsonRequest<T> {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path from the base address, each variable part already encoded by {@link segment}. */
  path: string;
  query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  /** JSON body, or bytes that are sent as they are. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** What the answer must look like. */
  answer: z.ZodType<T>;
  signal?: AbortSignal | undefined;
  /** True when a repetition does no harm although the method is POST. GET, PUT, PATCH and DELETE are always repeated. */
  repeatable?: boolean;
}

/** Sends one request and gives its parsed answer. */
export type JsonClient = <T>(request: JsonRequest<T>) => Promise<T>;

/** Encodes one variable part of a path. */
export function segment(value: string): string {
  return encodeURIComponent(value);
}

const TOO_MANY_REQUESTS = 429;
/** A service that asks for a longer wait than this is taken as not available now. */
export const LONGEST_RETRY_AFTER_SECONDS = 60;
/** What is more than this is no time to wait but a moment, in seconds since 1970. */
const DAY_SECONDS = 86_400;

/**
 * The seconds after which a service lets requests in again, where it says so: by `Retry-After`, or as Supabase does by
 * `X-RateLimit-Reset`. Either may hold a moment instead: then the wait is the caller's own.
 * Source: https://supabase.com/docs/reference/api/introduction (rate limits)
 */
export function secondsToWait(headers: Headers): number | undefined {
  const given = ["retry-after", "x-ratelimit-reset"].map((name) => headers.get(name));
  return given
    .filter((text) => text !== null && text.trim() !== "")
    .map(Number)
    .find((seconds) => seconds >= 0 && seconds <= DAY_SECONDS);
}

/**
 * A small JSON client over fetch. Answers are parsed with zod; 429 and 5xx are tried again, with growing waits and the
 * service's `Retry-After`; a POST that failed half-way is repeated only where the caller says that it may be.
 * Throws {@link ServiceError}, {@link UnreachableError}, or the signal's reason.
 */
export function jsonClient(options: JsonClientOptions): JsonClient {
  const retries = options.retries ?? 3;
  const firstDelay = options.retryDelayMs ?? 250;
  return async (request) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await send(options, request);
      } catch (error) {
        const wait = waitBeforeRetry(error, request, firstDelay * 2 ** attempt);
        if (request.signal?.aborted || wait === undefined || attempt >= retries) throw error;
        await sleep(wait, request.signal);
      }
    }
  };
}

/** Milliseconds to wait, or nothing when the error is final. */
function waitBeforeRetry<T>(error: unknown, request: JsonRequest<T>, growing: number): number | undefined {
  const repeatable = request.method !== "POST" || request.repeatable === true;
  if (error instanceof UnreachableError) return repeatable ? growing : undefined;
  if (!(error instanceof ServiceError)) return undefined;
  // A rate limit is decided before any work is done, so that even a POST may come again.
  if (error.status !== TOO_MANY_REQUESTS && (error.status < 500 || !repeatable)) return undefined;
  const asked = error.retryAfterSeconds;
  if (asked === undefined) return growing;
  return asked > LONGEST_RETRY_AFTER_SECONDS ? undefined : asked * 1000;
}

async function send<T>(options: JsonClientOptions, request: JsonRequest<T>): Promise<T> {
  const { service } = options;
  const what = `${request.method} ${request.path}`;
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  const bytes = request.body instanceof Uint8Array ? request.body : undefined;
  let status: number;
  let text: string;
  let retryAfterSeconds: number | undefined;
  try {
    const response = await fetch(addressOf(options.baseUrl, request), {
      method: request.method,
      // A redirect would carry the token to wherever it leads.
      redirect: "error",
      signal,
      headers: {
        authorization: `Bearer ${options.token}`,
        accept: "application/json",
        ...(request.body === undefined || bytes ? {} : { "content-type": "application/json" }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: bytes ? Buffer.from(bytes) : JSON.stringify(request.body) }),
    });
    status = response.status;
    retryAfterSeconds = secondsToWait(response.headers);
    text = await response.text();
  } catch (error) {
    request.signal?.throwIfAborted();
    const reason = timeout.aborted ? `no answer within ${(options.timeoutMs ?? 30_000) / 1000} s` : causeOf(error);
    throw new UnreachableError(redact(`${service} cannot be reached at ${options.baseUrl} (${what}): ${reason}.`));
  }
  const body = parseJson(text);
  if (status >= 400) {
    throw refusal(options, what, { status, body, text, retryAfterSeconds });
  }
  const parsed = request.answer.safeParse(body);
  if (!parsed.success) {
    const faults = parsed.error.issues
      .map((issue) => `${issue.path.join(".") || "answer"}: ${issue.message}`)
      .join("; ");
    throw new ServiceError(service, status, `${service} answered ${what} in a form that is not understood: ${faults}.`);
  }
  return parsed.data;
}

function addressOf<T>(baseUrl: string, request: JsonRequest<T>): URL {
  const url = new URL(baseUrl.replace(/\/+$/, "") + request.path);
  for (const [key, value] of Object.entries(request.query ?? {})) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(key, String(one));
  }
  return url;
}

function refusal(
  options: JsonClientOptions,
  what: string,
  answer: { status: number; body: unknown; text: string; retryAfterSeconds: number | undefined },
): ServiceError {
  const { service } = options;
  const { status, body } = answer;
  const said = options.describeError(body);
  const words =
    redact(said.message ?? answer.text.slice(0, 200))
      .trim()
      .replace(/\.$/, "") || "no reason given";
  const hint = status === 401 || status === 403 ? ` Check ${options.tokenName}.` : "";
  return new ServiceError(service, status, `${service} refused ${what} (${status}): ${words}.${hint}`, {
    code: said.code,
    body,
    retryAfterSeconds: answer.retryAfterSeconds,
  });
}

/** The body as JSON; text that is none becomes undefined, and the answer's own schema then says what is wrong. */
function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
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
