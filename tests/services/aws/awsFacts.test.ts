import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { awsFacts } from "../../../services/aws/awsFacts.ts";
import { startTestCloud } from "../../recovery/support/cloud.ts";
import { forSuite } from "../../support/suite.ts";
import { serve } from "../support/testServer.ts";

const cloud = forSuite(startTestCloud);
const facts = () => awsFacts({ region: cloud.region, endpoint: cloud.endpoint });

describe("the facts of an AWS account", () => {
  it("are asked by reading only", () => {
    const text = readFileSync(join(PROJECT_ROOT, "services/aws/awsFacts.ts"), "utf8");
    const commands = [...text.matchAll(/\b(\w+)Command\b/g)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(3);
    expect(commands.filter((name) => !/^(Get|Head|List|Describe|BatchGet)/.test(name ?? ""))).toEqual([]);
  });

  it("say who calls", async () => expect(await facts().caller()).toMatch(/^arn:aws:iam::000000000000:/));

  it("say whether a bucket keeps versions", async () => {
    const kept = (await cloud.newVault()).name;
    expect(await facts().isVersioned(kept)).toBe(true);
    await cloud.s3.createBucket({ Bucket: "facts-plain" });
    expect(await facts().isVersioned("facts-plain")).toBe(false);
    expect(await facts().isVersioned("facts-absent")).toBeUndefined();
  });

  it("say nothing of the replication of an object that no rule replicates, nor of a project that is not there", async () => {
    await cloud.s3.putObject({ Bucket: "facts-plain", Key: "a", Body: "a" });
    expect(await facts().replication("facts-plain", "a")).toBeUndefined();
    expect(await facts().buildMachine("absent")).toBeUndefined();
  });

  it("find CodeBuild's quota by the size of the machine, on any page", async () => {
    const quota = (size: string, value: number) => ({
      QuotaName: `Concurrently running builds for Linux/${size} environment`,
      Value: value,
    });
    const server = await serve(
      { body: { Quotas: [quota("Large", 7)], NextToken: "more" } },
      { body: { Quotas: [quota("Small", 0)] } },
    );
    const asked = awsFacts({ region: cloud.region, endpoint: server.url });
    expect(await asked.concurrentBuilds("Small")).toBe(0);
    expect(server.seen.map(({ headers }) => headers["x-amz-target"])).toEqual(
      Array.from({ length: 2 }, () => "ServiceQuotasV20190624.ListServiceQuotas"),
    );
  });
});
