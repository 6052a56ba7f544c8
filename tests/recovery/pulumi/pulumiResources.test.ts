import { describe, expect, it } from "@jest/globals";

import { errorsIn, resourcesInExport, withRegions } from "../../../recovery/pulumi/pulumiResources.ts";

const provider = { urn: "urn:p::aws", type: "pulumi:providers:aws", inputs: { region: "ap-northeast-3" } };
const bucket = {
  urn: "urn:b",
  type: "aws:s3/bucket:Bucket",
  inputs: { bucket: "vault" },
  provider: "urn:p::aws::04da",
};

describe("withRegions", () => {
  it("gives each resource once, as it will be, with its provider's region", () => {
    const states = [
      provider,
      { ...bucket, inputs: { bucket: "old" } },
      bucket,
      { ...bucket, urn: "urn:c", provider: "other::id" },
    ];
    expect(withRegions(states)).toEqual([
      { urn: provider.urn, type: provider.type, inputs: provider.inputs },
      { urn: "urn:b", type: bucket.type, inputs: { bucket: "vault" }, region: "ap-northeast-3" },
      { urn: "urn:c", type: bucket.type, inputs: { bucket: "vault" } },
    ]);
  });
});

describe("resourcesInExport", () => {
  it("reads what is deployed, and nothing from an empty stack", () => {
    expect(resourcesInExport(JSON.stringify({ deployment: { resources: [provider, bucket] } }))[1]).toMatchObject({
      urn: "urn:b",
      region: "ap-northeast-3",
    });
    expect(resourcesInExport('{"deployment":{}}')).toEqual([]);
  });
});

describe("errorsIn", () => {
  it("gives the engine's own errors once each, without marks", () => {
    const diagnostics = [
      { severity: "error", message: "<{%reset%}>a setting is wrong<{%reset%}>\n" },
      { severity: "error", message: "a setting is wrong" },
      { severity: "warning", message: "never mind" },
      { severity: "error", message: "preview failed" },
    ];
    expect(errorsIn(`warning: x\n${JSON.stringify({ diagnostics })}`)).toEqual(["a setting is wrong"]);
    expect(errorsIn("error: no JSON {")).toEqual([]);
    expect(errorsIn("")).toEqual([]);
  });
});
