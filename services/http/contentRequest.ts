import type { Readable } from "node:stream";

import { z } from "zod";

import { realTiming } from "../common/timing.ts";
import { exchange, type Refusal, ServiceError, wordsOf } from "./http.ts";
import { parseJson } from "./jsonClient.ts";

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
  /** Opens the body from its start for each attempt. */
  open?: (() => Promise<Readable>) | undefined;
  /** True if a repetition does no harm although the method is POST. */
  repeatable?: boolean | undefined;
  /**
   * Patience with a service that neither sends nor takes anything, until its answer begins, in milliseconds.
   *
   * @default - `contentSilenceMs` of {@link realTiming}
   */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Sends a request, by {@link exchange}; the answer's body is still to be read.
 *
 * @param retryDelayMs before the second attempt, then twice as long each time
 * @throws ServiceError for a refusal, UnreachableError if there is no answer
 */
export async function sendContent(
  request: ContentRequest,
  retryDelayMs = realTiming.contentPauseMs,
): Promise<Response> {
  const { service, method, headers, open, timeoutMs = realTiming.contentSilenceMs, repeatable, signal } = request;
  const url = new URL(request.url);
  const what = `${method} ${url.pathname}`;
  return await exchange({
    ...{ service, method, url, what, headers, body: open, timeoutMs, retryDelayMs, repeatable, signal },
    receive: (answer) => answer,
    refusal: (refused) => refusalOf(service, what, refused),
  });
}

function refusalOf(
  service: string,
  what: string,
  { status: answered, text, retryAfterSeconds }: Refusal,
): ServiceError {
  const said = errorAnswer.safeParse(parseJson(text)).data ?? {};
  const status = Number(said.statusCode ?? answered);
  const words = wordsOf(said.message ?? said.error, text);
  return new ServiceError(service, status, `${service} refused ${what} (${status}): ${words}.`, { retryAfterSeconds });
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
