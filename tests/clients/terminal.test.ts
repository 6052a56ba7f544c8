import { describe, expect, it } from "@jest/globals";
import { duration } from "../../clients/terminal.ts";

describe("duration", () => {
  it.each([
    [0, "0.0 s"],
    [449, "0.4 s"],
    [59_900, "59.9 s"],
    [59_960, "1 min 00 s"],
    [65_000, "1 min 05 s"],
    [3_600_000, "1 h 00 min"],
    [90_000_000, "25 h 00 min"],
  ])("%d ms is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});
