import { describe, expect, it } from "@jest/globals";

import { createProviders } from "../../components/providers.ts";
import { parseSettings } from "../../settings/settings.ts";
import { PRIMARY_SETTINGS } from "../support/primarySettings.ts";
import { named, registered } from "./mocks.ts";

/** As a stack file has them, in the order of Pulumi.yaml. */
const ENDPOINTS = {
  endpointAws: "http://127.0.0.1:1",
  endpointVercel: "http://127.0.0.1:2",
  endpointGithub: "http://127.0.0.1:3",
  endpointGitlab: "http://127.0.0.1:7",
  endpointCloudflare: "http://127.0.0.1:4",
  endpointSupabase: "http://127.0.0.1:5",
  endpointEdge: "http://127.0.0.1:6",
  supabaseProjectUrl: "http://127.0.0.1:5/projects/{ref}",
};
const providersOf = (endpoints: Partial<typeof ENDPOINTS>) =>
  registered(() => createProviders(parseSettings({ ...PRIMARY_SETTINGS, ...endpoints }, "prod")));

describe("the providers", () => {
  it("have addresses in the form that the states of deployed stacks contain", async () => {
    const resources = await providersOf(ENDPOINTS);
    const expected = { awsRegion: "ap-northeast-1", vercelTeam: "acme", ...ENDPOINTS };
    expect(named(resources, "recovery").inputs).toEqual(expected);
    expect(named(resources, "cloudflare").inputs).toMatchObject({ baseUrl: "http://127.0.0.1:4/client/v4" });
    const [addresses] = JSON.parse(named(resources, "aws").inputs["endpoints"] as string) as Record<string, string>[];
    expect(addresses).toHaveProperty("s3control");
    expect(new Set(Object.values(addresses!))).toEqual(new Set(["http://127.0.0.1:1"]));
  });

  it("make mirrors with the token of their owner, or with the other one, which is in no state in clear", async () => {
    const app = { project: "p", repository: "o/r", publicNames: ["app.a.jp"], mirror: "mirrors/r" };
    const unset = { standbyVault: "", database: "", dns: "", cloudflareAccountId: "" };
    const settings = { ...PRIMARY_SETTINGS, ...unset, role: "standby", apps: JSON.stringify([app]) };
    const standby = parseSettings(settings, "dr");
    const before = { ...process.env };
    try {
      for (const [environment, token] of [
        [{ GITHUB_TOKEN: "source" }, "source"],
        [{ GITHUB_TOKEN: "source", MIRROR_GITHUB_TOKEN: "" }, "source"],
        [{ GITHUB_TOKEN: "source", MIRROR_GITHUB_TOKEN: "mirror" }, "mirror"],
      ] as const) {
        process.env = { ...before, ...environment };
        const resources = await registered(() => createProviders(standby));
        expect(named(resources, "github").inputs).toMatchObject({ owner: "mirrors", token });
        expect(named(resources, "recovery").inputs).toMatchObject({ mirrorOwner: "mirrors" });
      }
    } finally {
      process.env = before;
    }
  });

  it("give a standby's secrets to provider recovery only", async () => {
    const app = { project: "p", repository: "o/r", publicNames: ["app.a.jp"], mirror: "mirrors/r" };
    const unset = { standbyVault: "", database: "", dns: "", cloudflareAccountId: "" };
    const secrets = { peerVercelTeam: "prod", peerVercelToken: "hunter2", dnsToken: "hunter3" };
    const raw = { ...PRIMARY_SETTINGS, ...unset, role: "standby", apps: JSON.stringify([app]), ...secrets };
    const resources = await registered(() => createProviders(parseSettings(raw, "dr")));
    expect(named(resources, "recovery").inputs).toMatchObject(secrets);
    const others = resources.filter(({ name }) => name !== "recovery");
    expect(JSON.stringify(others)).not.toMatch(/hunter/);
  });

  it("have no addresses when the public services are meant", async () => {
    const resources = await providersOf({});
    expect(named(resources, "recovery").inputs).toEqual({ awsRegion: "ap-northeast-1", vercelTeam: "acme" });
    expect(named(resources, "aws").inputs["endpoints"]).toBeUndefined();
    expect(named(resources, "cloudflare").inputs["baseUrl"]).toBeUndefined();
  });
});
