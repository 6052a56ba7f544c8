import { describe, expect, it } from "@jest/globals";

import { errorsIn, registrationIn, resourcesInExport } from "../../../recovery/pulumi/pulumiResources.ts";

const provider = { urn: "urn:p::aws", type: "pulumi:providers:aws", inputs: { region: "ap-northeast-3" } };
const bucket = {
  urn: "urn:b",
  type: "aws:s3/bucket:Bucket",
  inputs: { bucket: "vault" },
  provider: "urn:p::aws::04da",
};

describe("registrationIn", () => {
  it("reads each resource once, as it will be, with its provider's region", () => {
    const steps = [
      { op: "create", newState: provider },
      { op: "create-replacement", newState: bucket },
      { op: "replace", newState: bucket },
      { op: "delete-replaced", newState: { ...bucket, inputs: { bucket: "old" } } },
      { op: "delete", urn: "urn:gone" },
    ];
    const { resources, config } = registrationIn(JSON.stringify({ config: { "p:a": "1" }, steps }));
    expect(config).toEqual({ "p:a": "1" });
    expect(resources).toEqual([
      { urn: provider.urn, type: provider.type, inputs: provider.inputs },
      { urn: "urn:b", type: bucket.type, inputs: { bucket: "vault" }, region: "ap-northeast-3" },
    ]);
  });

  it("refuses what is no preview", () => {
    expect(() => registrationIn('{"steps":[{"op":1}]}')).toThrow();
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
