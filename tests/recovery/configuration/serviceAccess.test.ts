import { describe, expect, it } from "@jest/globals";

import { failureText } from "../../../recovery/backup/leftOutText.ts";
import { lackOf } from "../../../recovery/configuration/configuration.ts";
import { configurationWith, tokensIn } from "../../../recovery/configuration/serviceAccess.ts";

const signal = new AbortController().signal;
// Nothing listens there.
const DOWN = "http://127.0.0.1:9";
const places = {
  ...{ vercelProject: "web", zoneName: "castchat.example", repository: "castchat/app", supabaseRef: "abc" },
  ...{ endpointVercel: DOWN, endpointCloudflare: DOWN, endpointGithub: DOWN, endpointSupabase: DOWN },
};
const state = () => Promise.resolve({ version: 3 });
const missingOf = async (tokens: Parameters<typeof configurationWith>[1], more: object = {}) =>
  (await configurationWith({ ...places, ...more }, tokens, state, signal)).missing;

describe("the configuration that the tokens reach", () => {
  it("lacks the same parts without a token and with one whose service gives nothing, each with its reason", async () => {
    const unset = await missingOf({});
    const down = await missingOf({
      ...{ VERCEL_API_TOKEN: "v", GITHUB_TOKEN: "g", CLOUDFLARE_API_TOKEN: "c", SUPABASE_ACCESS_TOKEN: "s" },
    });
    expect(unset.map(({ part }) => part)).toEqual(["application", "auth", "dns", "repository"]);
    expect(down.map(({ part }) => part)).toEqual(unset.map(({ part }) => part));
    expect(unset[0]).toEqual({
      part: "application",
      reason: "VERCEL_API_TOKEN is not set: set it to a token that may read this",
    });
    expect(down[0]!.reason).toMatch(/^Vercel cannot be reached/);
    for (const missing of [unset, down])
      expect(failureText("B", missing.map(lackOf))).toMatch(/counts as proven, but lacks/);
  }, 60_000);

  it("lacks nothing of a service that the stack does not have, and Pulumi's state by its reason", async () => {
    expect((await missingOf({}, { supabaseRef: undefined })).map(({ part }) => part)).not.toContain("auth");
    const failing = () => Promise.reject(new Error("no such stack"));
    const { missing } = await configurationWith(places, {}, failing, signal);
    expect(missing).toContainEqual({ part: "stackState", reason: "no such stack" });
  });

  it("takes an empty variable as a token that is not set", () => {
    expect(tokensIn({ VERCEL_API_TOKEN: "", GITHUB_TOKEN: "g", OTHER: "x" })).toEqual({ GITHUB_TOKEN: "g" });
  });
});
