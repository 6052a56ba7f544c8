import type { S3ClientConfig } from "@aws-sdk/client-s3";

import type { Timing } from "../common/timing.ts";
import { SKEW_CODES } from "./awsErrors.ts";

/** What the SDK asks whether, and when, a failed call is made again. */
export type RetryStrategy = Exclude<NonNullable<S3ClientConfig["retryStrategy"]>, { retry: unknown }>;
type RetryToken = Awaited<ReturnType<RetryStrategy["acquireInitialRetryToken"]>>;

/** Attempts at a service that has never answered: its address, the network or the region is at fault, and people wait for the word. */
const ATTEMPTS_UNANSWERED = 3;
/** At least so many are made whatever the time: a connection that fell silent has used up all of it. */
const ATTEMPTS_AT_LEAST = 3;

/**
 * Retries for as long as the patience lasts, with pauses that double and are drawn by lot: many clients that were refused at
 * once must not come back at once. The SDK's own strategy counts attempts, so that a storm of "503 Slow Down" of a few
 * seconds ends a run of an hour.
 */
export function patientRetries(timing: Timing): RetryStrategy {
  let hasAnswered = false;
  const begunAt = new WeakMap<RetryToken, number>();
  const tokenOf = (count: number, pauseMs: number, since: number): RetryToken => {
    const token: RetryToken = { getRetryCount: () => count, getRetryDelay: () => pauseMs };
    begunAt.set(token, since);
    return token;
  };
  return {
    acquireInitialRetryToken: () => Promise.resolve(tokenOf(0, 0, performance.now())),
    refreshRetryTokenForRetry(token, { errorType, error }) {
      const attempts = token.getRetryCount() + 1;
      const since = begunAt.get(token) ?? performance.now();
      hasAnswered ||= isAnswer(error);
      const isLasting = errorType !== "THROTTLING" && errorType !== "TRANSIENT";
      const isSpent =
        hasAnswered && !isSkew(error)
          ? attempts >= ATTEMPTS_AT_LEAST && performance.now() - since >= timing.awsPatienceMs
          : attempts >= ATTEMPTS_UNANSWERED;
      if (isLasting || isSpent) return Promise.reject(new Error("no further attempt"));
      const first = errorType === "THROTTLING" ? timing.awsThrottledPauseMs : timing.awsPauseMs;
      const most = Math.min(timing.awsLongestPauseMs, first * 2 ** Math.min(attempts, 16));
      return Promise.resolve(tokenOf(attempts, most * (0.5 + Math.random() / 2), since));
    },
    recordSuccess() {
      hasAnswered = true;
    },
  };
}

/** The SDK corrects its own idea of the time after such an answer; a machine whose clock is refused again is to be set. */
function isSkew(error: unknown): boolean {
  return SKEW_CODES.has((error as Error | undefined)?.name ?? "");
}

/** Whether an error is what a server said, not that none could be reached. */
function isAnswer(error: unknown): boolean {
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode !== undefined;
}
