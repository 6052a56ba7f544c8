import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "@jest/globals";

import { pool, together, workers } from "../../../services/common/pool.ts";

describe("a pool", () => {
  it("works on as many items at once as it may, and returns results in the order of the items", async () => {
    let [running, most] = [0, 0];
    const found = await pool([30, 1, 20, 2, 10], 3, async (ms) => {
      most = Math.max(most, ++running);
      await sleep(ms);
      running -= 1;
      return ms * 2;
    });
    expect(found).toEqual([60, 2, 40, 4, 20]);
    expect(most).toBe(3);
  });

  it("has nothing to do without items", async () => {
    expect(await pool([], 3, () => Promise.reject(new Error("never called")))).toEqual([]);
  });

  it("begins no further item after the first error, and throws it once the others have ended", async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const working = pool([1, 2, 3, 4], 2, async (item, signal) => {
      begun.push(item);
      if (item === 1) throw new Error("the first fails");
      await sleep(5_000, undefined, { signal }).catch(() => undefined);
      await sleep(10);
      ended.push(item);
    });
    await expect(working).rejects.toThrow("the first fails");
    expect({ begun, ended }).toEqual({ begun: [1, 2], ended: [2] });
  });

  it("begins no further item after an abort, and throws the signal's reason", async () => {
    const interruption = new AbortController();
    const begun: number[] = [];
    const working = pool(
      [1, 2, 3],
      1,
      async (item) => {
        begun.push(item);
        interruption.abort(new Error("interrupted"));
        await sleep(1);
      },
      interruption.signal,
    );
    await expect(working).rejects.toThrow("interrupted");
    expect(begun).toEqual([1]);
  });
});

describe("workers", () => {
  it("run beside each other, as many as are wanted", async () => {
    let [running, most] = [0, 0];
    await workers(4, new AbortController().signal, async () => {
      most = Math.max(most, ++running);
      await sleep(5);
      running -= 1;
    });
    expect(most).toBe(4);
  });
});

describe("works beside each other", () => {
  it("return their results; the first error aborts the others", async () => {
    const { signal } = new AbortController();
    expect(
      await together<[number, string]>(
        signal,
        () => Promise.resolve(1),
        () => Promise.resolve("two"),
      ),
    ).toEqual([1, "two"]);
    let reason: unknown;
    const failing = together<[undefined, undefined]>(
      signal,
      () => Promise.reject(new Error("the first fails")),
      async (inner) => {
        await sleep(5_000, undefined, { signal: inner }).catch(() => void (reason = inner.reason));
        return undefined;
      },
    );
    await expect(failing).rejects.toThrow("the first fails");
    expect(reason).toMatchObject({ message: "the first fails" });
  });
});
