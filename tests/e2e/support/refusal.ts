import { expect } from "@jest/globals";

import type { Ended } from "./commands.ts";

/** One sentence, no stack trace, the exit code of wrong use. */
export function expectRefusal(ended: Ended, sentence: RegExp): void {
  const lines = ended.output.split("\n").filter((line) => line !== "" && !/^[-✖✔] /.test(line));
  expect({ code: ended.exitCode, said: lines.join("\n") }).toEqual({ code: 2, said: expect.stringMatching(sentence) });
  expect(ended.output).not.toMatch(/^\s+at .*:\d+:\d+/m);
}
