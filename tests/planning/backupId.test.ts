import { describe, expect, it } from "@jest/globals";

import { backupIdFor, startOfBackup } from "../../planning/backupId.ts";

describe("backup ids", () => {
  it("contain the second in which the run began", () => {
    const id = backupIdFor(new Date("2026-07-01T02:03:04.567Z"), "0a1b2c");
    expect(id).toBe("20260701T020304Z-0a1b2c");
    expect(startOfBackup(id)).toEqual(new Date("2026-07-01T02:03:04Z"));
  });

  it.each([
    "",
    "20260701T020304Z",
    "20260701T020304Z-0A1B2C",
    "20261301T020304Z-0a1b2c",
    "x20260701T020304Z-0a1b2c",
    "../20260701T020304Z-0a1b2c",
  ])("%j is none", (text) => expect(startOfBackup(text)).toBeUndefined());

  it("accept only six hexadecimal digits", () =>
    expect(() => backupIdFor(new Date(0), "xyz")).toThrow("is not a backup id"));
});
