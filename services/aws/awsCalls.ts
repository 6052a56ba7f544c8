import type { S3ClientConfig } from "@aws-sdk/client-s3";

import { realTiming, type Timing } from "../common/timing.ts";
import { type AwsCall, explainAwsError } from "./awsErrors.ts";
import { patientRetries } from "./awsRetries.ts";

/** Where AWS is, and with which credentials and patience it is called. */
export interface AwsPlace {
  region: string;
  /** @default - AWS's own */
  endpoint?: string | undefined;
  /** @default - those of the environment */
  credentials?: S3ClientConfig["credentials"] | undefined;
  /** @default - the real one */
  timing?: Timing | undefined;
}

/** Configuration of an SDK client whose calls are short: retries for a minute, and a limit for each attempt. */
export function shortCalls({ region, endpoint, credentials, timing = realTiming }: AwsPlace) {
  return {
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    retryStrategy: patientRetries(timing),
    requestHandler: { connectionTimeout: timing.awsConnectMs, requestTimeout: timing.awsSilenceMs },
  };
}

/** Options that make an SDK call end with the signal. */
export function endedBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** The answer of an SDK call. Throws the signal's reason after an abort, otherwise the error after {@link explainAwsError}. */
export async function explainedCall<T>(answer: Promise<T>, call: AwsCall, signal?: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal?.throwIfAborted();
    throw explainAwsError(error, call);
  }
}
