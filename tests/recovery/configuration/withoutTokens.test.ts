import { describe, expect, it } from "@jest/globals";

import { failureText } from "../../../recovery/backup/leftOutText.ts";
import { collectConfiguration } from "../../../recovery/configuration/configuration.ts";
import { lackOf } from "../../../recovery/configuration/lacks.ts";
import { services } from "../../../services/services.ts";

const signal = new AbortController().signal;
// Nothing listens there.
const DOWN = "http://127.0.0.1:9";
const places = {
  awsRegion: "ap-northeast-1",
  endpoints: { vercel: DOWN, cloudflare: DOWN, github: DOWN, supabase: DOWN },
};
const sources = {
  vercelProjects: ["web"],
  zoneName: "castchat.example",
  repositories: ["castchat/app"],
  supabaseRef: "abc",
  readState: (): Promise<unknown> => Promise.resolve({ version: 3 }),
};
const missingOf = async (
  tokens: Record<string, string>,
  more: Partial<typeof sources> | { supabaseRef: undefined },
) => {
  const ports = { ...services(places, tokens).ports, clock: () => new Date(0) };
  return (await collectConfiguration(ports, { ...sources, ...more }, signal)).missing;
};

describe("the configuration that the tokens reach", () => {
  it("lacks the same parts without a token and with one whose service gives nothing, each with its reason", async () => {
    const unset = await missingOf({}, {});
    const set = { VERCEL_API_TOKEN: "v", GITHUB_TOKEN: "g", CLOUDFLARE_API_TOKEN: "c", SUPABASE_ACCESS_TOKEN: "s" };
    const down = await missingOf(set, {});
    expect(unset.map(({ part }) => part)).toEqual([
      "application web",
      "auth",
      "certificates app host",
      "certificates zone",
      "dns",
      "repository castchat/app",
    ]);
    expect(down.map(({ part }) => part)).toEqual(unset.map(({ part }) => part));
    expect(unset[0]).toEqual({
      part: "application web",
      reason:
        "VERCEL_API_TOKEN is not set: set it to a token with the rights that docs/accounts.md lists. Type: read -rs VERCEL_API_TOKEN && export VERCEL_API_TOKEN (then paste it)",
    });
    expect(down[0]!.reason).toMatch(/^Vercel cannot be reached/);
    for (const missing of [unset, down])
      expect(failureText("B", missing.map(lackOf))).toMatch(/counts as proven, but lacks/);
  }, 60_000);

  it("lacks nothing of a service that the stack does not have, and Pulumi's state by its reason", async () => {
    expect((await missingOf({}, { supabaseRef: undefined })).map(({ part }) => part)).not.toContain("auth");
    const missing = await missingOf({}, { readState: () => Promise.reject(new Error("no such stack")) });
    expect(missing).toContainEqual({ part: "stackState", reason: "no such stack" });
  });
});
