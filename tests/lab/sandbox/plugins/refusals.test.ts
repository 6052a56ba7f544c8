import { join } from "node:path";

import { afterEach, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../../lab/sandbox/host/layout.ts";
import { PluginClient } from "../../../provider/host/support/pluginClient.ts";

let plugin: PluginClient | undefined;
async function start(name: string, environment: NodeJS.ProcessEnv = {}): Promise<PluginClient> {
  const path = join(PROJECT_ROOT, "lab/sandbox/plugins/bin", `pulumi-resource-${name}`);
  plugin = await PluginClient.start([path], { PATH: process.env["PATH"], ...environment });
  return plugin;
}
afterEach(async () => {
  // The engine waits for a plugin's end: it must come at once and be a clean one.
  expect(await plugin?.close()).toBe(0);
  plugin = undefined;
});

describe("what the sandbox's plugins do not implement is refused by name", () => {
  it.each([
    ["aws", "aws:s3/bucket:Bucket", { bucket: "abc", acl: "private", forceDestroy: true }, ["acl", "forceDestroy"]],
    ["aws", "aws:kms/key:Key", { deletionWindowInDays: 3, xksKeyId: "x" }, ["deletionWindowInDays", "xksKeyId"]],
    [
      "aws",
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      { bucket: "abc", rules: [{ id: "a", status: "Enabled", filter: { tag: { key: "a", value: "b" } } }] },
      ["rules[0].filter.tag"],
    ],
    ["vercel", "vercel:index/project:Project", { name: "a", skewProtection: "1 day" }, ["skewProtection"]],
    ["github", "github:index/repository:Repository", { name: "with space", pages: {} }, ["name", "pages"]],
    [
      "cloudflare",
      "cloudflare:index/zone:Zone",
      { name: "a.example", account: { id: "a", name: "b" }, vanityNameServers: [] },
      ["account.name", "vanityNameServers"],
    ],
    ["cloudflare", "cloudflare:index/dnsRecord:DnsRecord", { zoneId: "z", name: "n", type: "A", ttl: 1 }, [""]],
  ])("%s: inputs of %s", async (name, type, inputs, properties) => {
    const { faults } = await (await start(name)).check(type, inputs);
    expect(faults.map((fault) => fault.slice(0, fault.indexOf(":"))).sort()).toEqual(properties);
    for (const property of properties) expect(faults.join(" ")).toContain(property);
  });

  it.each(["aws", "vercel", "github", "cloudflare"])("%s: resource types", async (name) => {
    const unknown = `${name}:index/thing:Thing`;
    await expect((await start(name)).check(unknown, {})).rejects.toThrow(
      `Provider ${name} does not implement resource type ${unknown}.`,
    );
  });
});

describe("the sandbox's plugins never call a real cloud", () => {
  it.each([
    ["aws", { region: "ap-northeast-1", accessKey: "a", secretKey: "b" }, "endpoints"],
    [
      "aws",
      { region: "ap-northeast-1", accessKey: "a", secretKey: "b", endpoints: '[{"sts":"https://sts.amazonaws.com"}]' },
      "127.0.0.1",
    ],
    ["vercel", { apiToken: "t" }, "SANDBOX_VERCEL_URL"],
    ["github", { token: "t", baseUrl: "https://github.com" }, "github:baseUrl"],
    ["cloudflare", { apiToken: "t" }, "cloudflare:baseUrl"],
  ])("%s", async (name, config, sign) => {
    await expect((await start(name)).configure(config)).rejects.toThrow(sign);
  });

  it.each([
    ["aws", { region: "x", endpoints: '[{"sts":"http://127.0.0.1:9"}]' }, "AWS_ACCESS_KEY_ID"],
    ["vercel", {}, "VERCEL_API_TOKEN"],
    ["github", { baseUrl: "http://127.0.0.1:9/" }, "GITHUB_TOKEN"],
    ["cloudflare", { baseUrl: "http://127.0.0.1:9" }, "CLOUDFLARE_API_TOKEN"],
  ])("%s without credentials", async (name, config, variable) => {
    const started = await start(name, { SANDBOX_VERCEL_URL: "http://127.0.0.1:9" });
    await expect(started.configure(config)).rejects.toThrow(variable);
  });
});
