import { describe, expect, it } from "@jest/globals";

import { nearest } from "../../planning/nearest.ts";

const KEYS = ["awsRegion", "peerAwsRegion", "role", "mode"];

describe("nearest", () => {
  it.each([
    ["awsRegoin", "awsRegion"],
    ["awsregion", "awsRegion"],
    ["AwsRegio", "awsRegion"],
    ["peerAwsRegions", "peerAwsRegion"],
    ["roles", "role"],
  ])("takes %s for %s", (word, expected) => expect(nearest(word, KEYS)).toBe(expected));

  it("guesses nothing for a word that is far from all", () => expect(nearest("zzzzzz", KEYS)).toBeUndefined());

  it("guesses nothing where there is nothing", () => expect(nearest("role", [])).toBeUndefined());
});
