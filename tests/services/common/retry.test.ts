import { describe, expect, it } from "@jest/globals";

import { until } from "../../../services/common/polling.ts";
import { retry } from "../../../services/common/retry.ts";

/** Work that fails so many times. */
function failing(times: number): { work: (attempt: number) => Promise<string>; attempts: number[] } {
  const attempts: number[] = [];
  const work = (attempt: number) => {
    attempts.push(attempt);
    return attempt > times ? Promise.resolve("done") : Promise.reject(new Error(`failure ${attempt}`));
  };
  return { work, attempts };
}

describe("retry", () => {
  it("tries again after a pause until the work succeeds", async () => {
    const { work, attempts } = failing(2);
    const pauses: [string, number][] = [];
    const pauseMs = (failure: unknown, attempt: number) => {
      pauses.push([(failure as Error).message, attempt]);
      return 1;
    };
    expect(await retry(work, { pauseMs })).toBe("done");
    expect(attempts).toEqual([1, 2, 3]);
    expect(pauses).toEqual([
      ["failure 1", 1],
      ["failure 2", 2],
    ]);
  });

  it("throws the last failure after its attempts, or one that is final", async () => {
    await expect(retry(failing(9).work, { attempts: 3, pauseMs: () => 0 })).rejects.toThrow("failure 3");
    const { work, attempts } = failing(9);
    await expect(retry(work, { pauseMs: () => undefined })).rejects.toThrow("failure 1");
    expect(attempts).toEqual([1]);
  });

  it("throws the signal's reason after an abort, during a pause as well", async () => {
    const interruption = new AbortController();
    const { signal } = interruption;
    const running = retry(failing(9).work, { pauseMs: () => 60_000, signal });
    setTimeout(() => interruption.abort(new Error("stopped")), 5);
    await expect(running).rejects.toThrow("stopped");
    await expect(retry(failing(9).work, { pauseMs: () => 0, signal })).rejects.toThrow("stopped");
  });
});

describe("until", () => {
  it("looks at least once, and says whether it came true within the limit", async () => {
    expect(await until(() => true, { everyMs: 1, limitMs: 0 })).toBe(true);
    let looks = 0;
    expect(await until(() => (looks += 1) > 3, { everyMs: 1, limitMs: 60_000 })).toBe(true);
    expect(looks).toBe(4);
    expect(await until(() => Promise.resolve(false), { everyMs: 1, limitMs: 10 })).toBe(false);
  });
});
