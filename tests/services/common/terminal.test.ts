import { PassThrough } from "node:stream";

import { describe, expect, it } from "@jest/globals";

import { duration, showProgress } from "../../../services/common/terminal.ts";

/** What is written where there is no terminal. */
async function writtenBy(
  work: (reporter: (message: string) => void) => Promise<void>,
  inLines: boolean,
  title = "Restoring",
): Promise<string> {
  const stream = new PassThrough();
  const options = { stream: stream as unknown as NodeJS.WriteStream, clock: () => new Date(0), inLines };
  await showProgress(title, options, work).catch(() => undefined);
  return String(stream.read());
}

describe("showProgress without a terminal", () => {
  it("writes a line for each message, without colours", async () => {
    const work = async (reporter: (message: string) => void): Promise<void> => {
      reporter("12 % of the rows restored, 40.0 MB a second, 1 min 05 s left");
      await Promise.resolve();
    };
    expect(await writtenBy(work, true)).toBe(
      "- Restoring\n- Restoring – 12 % of the rows restored, 40.0 MB a second, 1 min 05 s left (0.0 s)\n✔ Restoring (0.0 s)\n",
    );
    expect(await writtenBy(work, false)).toBe("- Restoring\n✔ Restoring (0.0 s)\n");
  });

  it("shows control characters of a name, and does not send them", async () => {
    const work = async (reporter: (message: string) => void): Promise<void> => {
      reporter("reading a\u001b[2K\rb");
      await Promise.resolve();
    };
    expect(await writtenBy(work, true, "Restoring\u001b[2K")).toBe(
      "- Restoring\\u001b[2K\n- Restoring\\u001b[2K – reading a\\u001b[2K\\u000db (0.0 s)\n✔ Restoring\\u001b[2K (0.0 s)\n",
    );
  });

  it("says that it failed", async () => {
    expect(await writtenBy(() => Promise.reject(new Error("no")), true)).toBe("- Restoring\n✖ Restoring (0.0 s)\n");
  });
});

describe("duration", () => {
  it.each([
    [0, "0.0 s"],
    [449, "0.4 s"],
    [59_900, "59.9 s"],
    [59_960, "1 min 00 s"],
    [65_000, "1 min 05 s"],
    [3_600_000, "1 h 00 min"],
    [90_000_000, "25 h 00 min"],
  ])("%d ms is %s", (ms, text) => expect(duration(ms)).toBe(text));
});
