import { describe, expect, it } from "@jest/globals";

import { failureText, leftOutLines } from "../../../recovery/backup/leftOutText.ts";

const byNature = { what: "passwords of roles", why: "a managed database does not give them out: set new ones" };
const names = Array.from({ length: 90 }, (_, at) => `files/${at}.txt`).join(", ");
const refused = {
  what: `bytes of 90 storage objects (${names})`,
  why: "Supabase refused GET /x (401): Unauthorized.",
  failed: true,
} as const;

describe("what a backup does not hold", () => {
  it("is listed a line for each reason, with long lists of names cut", () => {
    const lines = leftOutLines([byNature, refused]);
    expect(lines[0]).toBe("What it does not hold:");
    expect(lines[1]).toBe("  passwords of roles: a managed database does not give them out: set new ones");
    expect(lines[2]).toMatch(
      /^ {2}bytes of 90 storage objects \(files\/0\.txt, .* …\): Supabase refused GET \/x \(401\): Unauthorized$/,
    );
    expect(lines[2]!.length).toBeLessThan(260);
    expect(leftOutLines([byNature, refused, { ...byNature, what: "passwords of users" }])[1]).toBe(
      "  passwords of roles, passwords of users: a managed database does not give them out: set new ones",
    );
    expect(leftOutLines([])).toEqual([]);
  });

  it("is a failure only if it could have been read", () => {
    expect(failureText("B", [byNature])).toBeUndefined();
    expect(failureText("B", [byNature, refused])).toMatch(
      /^Backup B counts as proven, but lacks .*Unauthorized\. .*`castchat-recovery backup`/,
    );
  });
});
