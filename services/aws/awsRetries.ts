import type { S3ClientConfig } from "@aws-sdk/client-s3";

import type { Timing } from "../common/timing.ts";
import { nameOf, SKEW_CODES, statusOf } from "./awsErrors.ts";

/** Decides for the SDK whether and when a failed call is made again. */
export type RetryStrategy = Exclude<NonNullable<S3ClientConfig["retryStrategy"]>, { retry: unknown }>;
type RetryToken = Awaited<ReturnType<RetryStrategy["acquireInitialRetryToken"]>>;

/** Attempts at a service that has never answered. Its address, the network or the region is at fault, and an operator waits. */
const ATTEMPTS_UNANSWERED = 3;
/** Attempts that are always made, because a connection that fell silent has used up the time. */
const ATTEMPTS_AT_LEAST = 3;

/**
 * Retries for as long as the patience lasts, with random pauses that double, so that many clients do not return at once. The SDK's own
 * strategy counts attempts: with it, a few seconds of "503 Slow Down" would end a run of an hour.
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
      hasAnswered ||= statusOf(error) !== undefined;
      const isLasting = errorType !== "THROTTLING" && errorType !== "TRANSIENT";
      // After a refusal for its time the SDK corrects its clock once; if AWS refuses again, the machine's clock must be set.
      const isSpent =
        hasAnswered && !SKEW_CODES.has(nameOf(error))
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
