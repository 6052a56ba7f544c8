import { PassThrough } from "node:stream";

import { describe, expect, it } from "@jest/globals";

import { Steps } from "../../../../lab/drills/stage/steps.ts";

function testSteps(signal = new AbortController().signal): { steps: Steps; advance: (ms: number) => void } {
  let now = Date.parse("2026-03-01T00:00:00Z");
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  const steps = new Steps({ clock: () => new Date(now), stream, signal });
  return { steps, advance: (ms) => void (now += ms) };
}

describe("Steps", () => {
  it("keeps name, start and duration of each step, also of a failed one", async () => {
    const { steps, advance } = testSteps();
    await steps.run("first", () => {
      advance(1500);
      return Promise.resolve();
    });
    await expect(
      steps.run("second", () => {
        advance(200);
        return Promise.reject(new Error("broken"));
      }),
    ).rejects.toThrow("broken");
    expect(steps.records).toEqual([
      { name: "first", startedAt: "2026-03-01T00:00:00.000Z", durationMs: 1500 },
      { name: "second", startedAt: "2026-03-01T00:00:01.500Z", durationMs: 200 },
    ]);
  });

  it("starts no step after an interruption", async () => {
    const controller = new AbortController();
    const { steps } = testSteps(controller.signal);
    controller.abort(new DOMException("interrupted", "AbortError"));
    await expect(steps.run("never", () => Promise.resolve())).rejects.toThrow("interrupted");
    expect(steps.records).toEqual([]);
  });
});
