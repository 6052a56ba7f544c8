import { describe, expect, it } from "@jest/globals";

import { UserError } from "../../../services/common/errors.ts";
import { ServiceError, UnreachableError } from "../../../services/http/http.ts";
import { ServiceFailures } from "../../../services/http/serviceFailures.ts";

const answered = (status: number) => new ServiceError("Storage", status, "no");

describe("failures of a service in a row", () => {
  it.each<[string, unknown, number]>([
    ["a thing that it refuses, as often as it likes", answered(400), Infinity],
    ["a thing that is too large", answered(413), Infinity],
    ["an error of its own", answered(500), 20],
    ["a key that it does not take", answered(403), 20],
    ["too many requests", answered(429), 20],
    ["a content that breaks off", new Error("terminated"), 20],
    ["no answer, each after minutes", new UnreachableError("down"), 5],
    ["a token that is not set", new UserError("SUPABASE_ACCESS_TOKEN is not set"), 1],
  ])("%s", (_case, error, most) => {
    const failures = new ServiceFailures();
    const tries = Math.min(most, 1000);
    const answers = Array.from({ length: tries }, () => failures.failed(error));
    expect(answers.slice(0, -1)).not.toContain(false);
    expect(answers.at(-1)).toBe(most === Infinity);
  });

  it("are forgotten once it has done something", () => {
    const failures = new ServiceFailures();
    for (let round = 0; round < 30; round += 1) {
      expect(failures.failed(answered(500))).toBe(true);
      failures.succeeded();
    }
  });
});
