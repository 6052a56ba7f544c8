import type { z } from "zod";

import { typeSecret } from "../common/errors.ts";
import { realTiming } from "../common/timing.ts";
import { type Exchange, exchange, type Refusal, ServiceError, wordsOf } from "./http.ts";
import type { RemoteService, ServiceAccess } from "./remoteService.ts";

/** What a service's error body says: its own sentence and code. */
export interface ServiceMessage {
  message?: string | undefined;
  code?: string | undefined;
}

/** A service, how it is called, and how its errors read. */
export interface JsonClientOptions extends RemoteService, Omit<ServiceAccess, "tokenName"> {
  /** Address, without a slash at its end. */
  baseUrl: string;
  /** Takes the service's own words out of an error body. */
  describeError: (body: unknown) => ServiceMessage;
  /** The right that a token needs for a request, in the service's own words; undefined if the service has no narrower one. */
  rightFor?: (method: string, path: string) => string | undefined;
}

/** One request. */
export interface JsonRequest<T> {
  method: Exchange<T>["method"];
  /** Path from the base address, each variable part already encoded by {@link segment}. */
  path: string;
  query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  /** JSON body, or bytes that are sent as they are. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** What the answer must look like. */
  answer: z.ZodType<T>;
  /** Gets the headers of a successful answer. */
  onHeaders?: (headers: Headers) => void;
  signal?: AbortSignal | undefined;
  /** True if a POST may be repeated. GET, PUT, PATCH and DELETE always are. */
  repeatable?: boolean;
}

/** Sends one request and gives its parsed answer. */
export type JsonClient = <T>(request: JsonRequest<T>) => Promise<T>;

/** What a connection has to send at least: 100 kB a second, so that a large file is not given up on a slow one. */
const SLOWEST_BYTES_PER_MS = 100;

/** A small JSON client. Answers are parsed with zod; attempts and errors are those of {@link exchange}. */
export function jsonClient(options: JsonClientOptions): JsonClient {
  const { name: service, baseUrl, token } = options;
  const { timeoutMs = realTiming.apiSilenceMs, retryDelayMs = realTiming.apiPauseMs } = options;
  return async ({ method, path, query, body, headers, answer, onHeaders, signal, repeatable }) => {
    const what = `${method} ${path}`;
    const bytes = body instanceof Uint8Array ? Buffer.from(body) : undefined;
    const uploadMs = Math.ceil((bytes?.length ?? 0) / SLOWEST_BYTES_PER_MS);
    const { status, text } = await exchange({
      service,
      method,
      what,
      at: baseUrl,
      timeoutMs: timeoutMs + uploadMs,
      retryDelayMs,
      repeatable,
      signal,
      url: addressOf(baseUrl, path, query),
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        ...(body !== undefined && !bytes && { "content-type": "application/json" }),
        ...headers,
      },
      body: bytes ?? (body === undefined ? undefined : JSON.stringify(body)),
      receive: async (received) => {
        onHeaders?.(received.headers);
        return { status: received.status, text: await received.text() };
      },
      refusal: (refused) => refusalOf(options, what, refused, options.rightFor?.(method, path)),
    });
    const parsed = answer.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    const faults = parsed.error.issues
      .map((issue) => `${issue.path.join(".") || "answer"}: ${issue.message}`)
      .join("; ");
    throw new ServiceError(service, status, `${service} answered ${what} in a form that is not understood: ${faults}.`);
  };
}

function addressOf(baseUrl: string, path: string, query: JsonRequest<unknown>["query"] = {}): URL {
  const url = new URL(baseUrl.replace(/\/+$/, "") + path);
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(key, String(one));
  }
  return url;
}

function refusalOf(
  { name: service, tokenName, describeError }: JsonClientOptions,
  what: string,
  { status, text, retryAfterSeconds, location }: Refusal,
  right: string | undefined,
): ServiceError {
  const body = parseJson(text);
  const { message, code } = describeError(body);
  const needed = right === undefined ? "docs/accounts.md lists its rights" : `this needs the right "${right}"`;
  const remedy = ` Check ${tokenName}: ${needed}. Replace it if it lacks one. ${typeSecret(tokenName)}`;
  const hint = status === 401 || status === 403 ? remedy : "";
  const sentence = `${service} refused ${what} (${status}): ${wordsOf(message, text)}.${hint}`;
  return new ServiceError(service, status, sentence, { code, body, retryAfterSeconds, location });
}

/** The body as JSON. Other text becomes undefined, and the answer's schema then reports what is wrong. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
