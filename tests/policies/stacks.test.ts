import { describe, expect, it } from "@jest/globals";

import { type DeclaredStack, replicaInAnotherRegion } from "../../policies/stacks/replicaInAnotherRegion.ts";
import { judge, type StackReport } from "../../policies/verdict.ts";
import type { RegisteredResource } from "../../recovery/pulumi/pulumiResources.ts";

const REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig";

function stackOf(stack: string, region: string | undefined, rules?: object[]): DeclaredStack {
  const part = (type: string, inputs: Record<string, unknown>): RegisteredResource => ({
    urn: `urn:pulumi:${stack}::p::castchat:index:BackupVault$${type}::vault-part`,
    type,
    inputs,
    ...(region !== undefined && { region }),
  });
  return {
    stack,
    resources: [
      { urn: `urn:pulumi:${stack}::p::pulumi:providers:aws::aws`, type: "pulumi:providers:aws", inputs: { region } },
      part("aws:s3/bucket:Bucket", { bucket: `${stack}-vault` }),
      ...(rules ? [part(REPLICATION, { bucket: `${stack}-vault`, rules })] : []),
    ],
  };
}

const rule = (bucket: string, status = "Enabled") => ({ status, destination: { bucket } });
const PROD = stackOf("prod", "ap-northeast-1", [rule("arn:aws:s3:::dr-vault")]);
const DR = stackOf("dr", "ap-northeast-3");

describe("replicaInAnotherRegion", () => {
  it("is kept by a replica in the other stack's region", () => expect(replicaInAnotherRegion([PROD, DR])).toEqual([]));

  it("fires on a replica in the same region", () =>
    expect(replicaInAnotherRegion([PROD, stackOf("dr", "ap-northeast-1")])).toEqual([
      'Stack "prod" replicates its backup vault from ap-northeast-1 to ap-northeast-1; the replica must be in another region.',
    ]));

  it("fires on an unknown region", () => {
    const [violation] = replicaInAnotherRegion([PROD, stackOf("dr", undefined)]);
    expect(violation).toMatch(/to an unknown region; the replica must be in another region\.$/);
  });

  it.each([
    ["nowhere near", "arn:aws:s3:::elsewhere"],
    ["the stack itself", "arn:aws:s3:::prod-vault"],
  ])("fires on a replica in %s", (_, arn) =>
    expect(replicaInAnotherRegion([stackOf("prod", "ap-northeast-1", [rule(arn)]), DR])).toEqual([
      `Stack "prod" replicates its backup vault to ${arn}, which no other stack declares as its vault.`,
    ]),
  );

  it("fires on one wrong destination beside a right one", () => {
    const both = [rule("arn:aws:s3:::dr-vault"), rule("arn:aws:s3:::elsewhere")];
    expect(replicaInAnotherRegion([stackOf("prod", "ap-northeast-1", both), DR])).toHaveLength(1);
  });

  it.each([
    ["no replication at all", undefined],
    ["no rule", []],
    ["a rule that is switched off", [rule("arn:aws:s3:::dr-vault", "Disabled")]],
  ])("fires on %s", (_, rules) => {
    const [violation] = replicaInAnotherRegion([stackOf("prod", "ap-northeast-1", rules), DR]);
    expect(violation).toMatch(/^No stack replicates its backup vault;/);
  });
});

describe("judge", () => {
  const report = (stack: DeclaredStack, more: Partial<StackReport> = {}): StackReport => ({
    ...stack,
    violations: [],
    ...more,
  });
  const violations = [{ policy: "aws-x", message: "The vault must be x.", urn: "urn:pulumi:prod::p::t::vault-bucket" }];

  it("prints a line for each stack and exits with 0 when every policy is kept", () =>
    expect(judge([report(PROD), report(DR)])).toEqual({
      lines: [
        "prod: 3 resources, every policy is kept",
        "dr: 2 resources, every policy is kept",
        "both stacks: every policy is kept",
      ],
      exitCode: 0,
    }));

  it("prints each violation and exits with 1", () => {
    const { lines, exitCode } = judge([report(PROD, { violations }), report(DR)]);
    expect(exitCode).toBe(1);
    expect(lines.slice(0, 2)).toEqual([
      "prod: 3 resources, 1 violation",
      "  - The vault must be x. [vault-bucket] (aws-x)",
    ]);
  });

  it("exits with 1 when only a rule over both stacks is broken", () => {
    const { lines, exitCode } = judge([report(PROD), report(stackOf("dr", "ap-northeast-1"))]);
    expect(exitCode).toBe(1);
    expect(lines.slice(2)).toEqual([
      "both stacks: 1 violation",
      expect.stringMatching(/^ {2}- Stack "prod" .* \(stacks-replica-in-another-region\)$/),
    ]);
  });

  it("judges other modes by their own policies, and not by the rules over both stacks", () => {
    const active = { ...report(DR), stack: "dr in mode active" };
    expect(judge([report(PROD), report(DR)], undefined, [active])).toMatchObject({
      lines: expect.arrayContaining(["dr in mode active: 2 resources, every policy is kept"]) as unknown,
      exitCode: 0,
    });
    expect(judge([report(PROD), report(DR)], undefined, [{ ...active, violations }]).exitCode).toBe(1);
  });

  it("exits with 2 when a preview failed, and prints nothing about both stacks", () => {
    const { lines, exitCode } = judge([
      report(PROD, { violations }),
      report(DR, { resources: [], failure: { reason: "no engine", isRefusal: false } }),
    ]);
    expect(exitCode).toBe(2);
    expect(lines.at(-1)).toBe("dr: the preview failed: no engine");
  });
});
