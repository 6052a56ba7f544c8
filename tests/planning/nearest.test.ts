import { describe, expect, it } from "@jest/globals";

import { allNearest, nearest } from "../../planning/nearest.ts";
import { supabaseRegionFault } from "../../settings/supabaseRegions.ts";

const KEYS = ["awsRegion", "peerAwsRegion", "role", "mode"];

describe("nearest", () => {
  it.each([
    ["awsRegoin", "awsRegion"],
    ["awsregion", "awsRegion"],
    ["AwsRegio", "awsRegion"],
    ["peerAwsRegions", "peerAwsRegion"],
    ["roles", "role"],
  ])("suggests %s for %s", (word, expected) => expect(nearest(word, KEYS)).toBe(expected));

  it("suggests nothing for a word that is far from every candidate", () =>
    expect(nearest("zzzzzz", KEYS)).toBeUndefined());

  it("suggests nothing if there are no candidates", () => expect(nearest("role", [])).toBeUndefined());
});

describe("allNearest", () => {
  it("names every candidate that is equally near", () => {
    expect(allNearest("us-est-1", ["us-east-1", "us-west-1", "us-east-2"])).toEqual(["us-east-1", "us-west-1"]);
    expect(allNearest("zzzzzz", KEYS)).toEqual([]);
  });
});

describe("a region of Supabase", () => {
  it.each([
    ["ap-northeast-2", undefined],
    ["ap-northeast-3", /^which is not a region of Supabase; choose ap-northeast-1 or ap-northeast-2\.$/],
    ["me-central-1", /choose (ca|eu)-central-1/],
    ["tokyo", /choose one of ap-east-1, .*, us-west-2\.$/],
  ])("%s", (region, fault) => {
    const said = supabaseRegionFault(region);
    if (fault === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(fault);
  });
});
