import { describe, expect, it } from "@jest/globals";

import { patientRetries } from "../../../services/aws/awsRetries.ts";
import { realTiming } from "../../../services/common/timing.ts";

type ErrorInfo = Parameters<ReturnType<typeof patientRetries>["refreshRetryTokenForRetry"]>[1];
type SdkError = Error & NonNullable<ErrorInfo["error"]>;

const answered = (errorType: ErrorInfo["errorType"], status = 503): ErrorInfo => ({
  errorType,
  error: Object.assign(new Error("Slow Down"), { $metadata: { httpStatusCode: status } }) as SdkError,
});
const unreachable: ErrorInfo = { errorType: "TRANSIENT", error: new Error("connect ECONNREFUSED") as SdkError };

/** The pauses before so many further attempts. */
async function pausesOf(count: number, info: ErrorInfo): Promise<number[]> {
  const retries = patientRetries({ ...realTiming, awsPatienceMs: 60_000 });
  let token = await retries.acquireInitialRetryToken("");
  const pauses: number[] = [];
  for (let attempt = 0; attempt < count; attempt += 1) {
    token = await retries.refreshRetryTokenForRetry(token, info);
    pauses.push(token.getRetryDelay());
  }
  return pauses;
}

describe("a call that S3 refuses for the moment", () => {
  it.each([
    ["throttled", answered("THROTTLING"), [600, 1_200, 2_400, 4_800, 5_000, 5_000]],
    ["answered with 500", answered("TRANSIENT", 500), [200, 400, 800, 1_600, 3_200, 5_000]],
  ])("%s is made again after pauses that double up to some seconds, by lot", async (_case, info, most) => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => pausesOf(most.length, info)));
    for (const pauses of runs)
      for (const [at, pause] of pauses.entries()) {
        expect(pause).toBeGreaterThanOrEqual(most[at]! / 2);
        expect(pause).toBeLessThanOrEqual(most[at]!);
      }
    // Clients that were refused at once don't come back at once.
    expect(new Set(runs.map(([first]) => first)).size).toBeGreaterThan(10);
  });

  it("is given up once the patience is spent, after three attempts at least", async () => {
    const retries = patientRetries({ ...realTiming, awsPatienceMs: 0 });
    const first = await retries.acquireInitialRetryToken("");
    const second = await retries.refreshRetryTokenForRetry(first, answered("THROTTLING"));
    const third = await retries.refreshRetryTokenForRetry(second, answered("THROTTLING"));
    await expect(retries.refreshRetryTokenForRetry(third, answered("THROTTLING"))).rejects.toThrow();
  });

  it("is not made again where the refusal is for good, nor more than twice if there was never an answer", async () => {
    await expect(pausesOf(1, answered("CLIENT_ERROR", 403))).rejects.toThrow();
    await expect(pausesOf(2, unreachable)).resolves.toHaveLength(2);
    await expect(pausesOf(3, unreachable)).rejects.toThrow();
  });
});
