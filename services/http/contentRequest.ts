import type { Readable } from "node:stream";

import { z } from "zod";

import { realTiming } from "../common/timing.ts";
import { type Exchange, exchange, type Refusal, ServiceError, wordsOf } from "./http.ts";
import { parseJson } from "./jsonClient.ts";

/** An error of either API. The storage service answers 400, with the true status in the body. */
const errorAnswer = z.object({
  statusCode: z.union([z.string(), z.number()]).optional(),
  message: z.string().optional(),
  error: z.string().optional(),
});

/** A request whose body or answer may be of any size; both are streams. */
export interface ContentRequest extends Pick<
  Exchange<Response>,
  "service" | "method" | "headers" | "repeatable" | "signal"
> {
  url: string;
  /** Opens the body from its start for each attempt. */
  open?: (() => Promise<Readable>) | undefined;
  /** Milliseconds for which the service may be silent before its answer begins. @default - `contentSilenceMs` of {@link realTiming} */
  timeoutMs?: number | undefined;
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
  const { service, method, open: body, timeoutMs = realTiming.contentSilenceMs } = request;
  const url = new URL(request.url);
  const what = `${method} ${url.pathname}`;
  return await exchange({
    ...request,
    url,
    what,
    body,
    timeoutMs,
    retryDelayMs,
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

/** Refusals of a setting's value, or of what the plan does not include; not of the caller. */
const REFUSED: ReadonlySet<number> = new Set([400, 402, 422]);

/** False if the service refuses the value. Every other error is thrown. */
export async function unlessRefused(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof ServiceError && REFUSED.has(error.status)) return false;
    throw error;
  }
}
