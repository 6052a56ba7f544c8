import { describe, expect, it } from "@jest/globals";

import {
  buildProjectArn,
  codeBucketName,
  deployerRoleArn,
  missedRunsQueueArn,
  runnerLogGroupArn,
  runnerSecretName,
  scheduleName,
  type Site,
  stateBucketName,
  vaultBucketArn,
  vaultBucketName,
  vaultRoleArn,
} from "../../../planning/names.ts";
import { DEPLOYED_TYPES, deployerRights } from "../../../recovery/firstDay/deployerRights.ts";
import { judge } from "../../../recovery/plan/iamPolicy.ts";
import { textOf } from "../../support/documentCommands.ts";
import { projectFiles } from "../../support/projectFiles.ts";

const SITE: Site = {
  project: "castchat-recovery",
  role: "primary",
  accountId: "111111111111",
  region: "ap-southeast-1",
};
const arnOf = (service: string, resource: string) => `arn:aws:${service}:${SITE.region}:${SITE.accountId}:${resource}`;
const may = (action: string, resource: string, context: Record<string, string> = {}) =>
  judge([JSON.stringify(deployerRights(SITE))], { action, resource, principal: deployerRoleArn(SITE), context }) ===
  "allowed";

/** `aws:s3/bucket:Bucket` of `@pulumi/aws/s3/bucket.js`, for each resource that a component makes. */
function declaredTypes(): string[] {
  const imports = projectFiles("components/*.ts").flatMap((file) => [
    ...textOf(file).matchAll(/import \{ (\w+)(?: as \w+)? \} from "@pulumi\/aws\/(\w+\/\w+)\.js"/g),
  ]);
  const types = imports.map(([, name = "", path = ""]) => `aws:${path}:${name}`);
  // A function reads what a resource has made.
  return [...new Set(types)].filter((type) => !/:get[A-Z]/.test(type)).sort();
}

describe("the rights of a deployer", () => {
  it("cover every type of AWS resource that the components declare, and no other", () => {
    expect([...DEPLOYED_TYPES].sort()).toEqual(declaredTypes());
  });

  it("fit beside those of a second stack in the role of an account", () => {
    // IAM takes 10 240 characters of inline policies (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
    expect(JSON.stringify(deployerRights(SITE)).length).toBeLessThanOrEqual(5120);
  });

  it("reach the stack's own things", () => {
    expect(may("s3:PutBucketPolicy", vaultBucketArn(SITE))).toBe(true);
    expect(may("s3:PutObject", `arn:aws:s3:::${stateBucketName(SITE)}/.pulumi/x`)).toBe(true);
    expect(may("s3:PutObject", `${vaultBucketArn(SITE)}/recovery-log/x`)).toBe(true);
    expect(may("iam:PutRolePolicy", vaultRoleArn(SITE, "writer"))).toBe(true);
    expect(may("iam:PassRole", vaultRoleArn(SITE, "writer"), { "iam:PassedToService": "s3.amazonaws.com" })).toBe(true);
    expect(may("kms:CreateKey", "*")).toBe(true);
    for (const work of ["backup", "mirror"] as const) {
      expect(may("codebuild:CreateProject", buildProjectArn(SITE, work))).toBe(true);
      expect(may("sqs:CreateQueue", missedRunsQueueArn(SITE, work))).toBe(true);
      expect(may("logs:CreateLogGroup", runnerLogGroupArn(SITE, work))).toBe(true);
      expect(may("logs:PutRetentionPolicy", `${runnerLogGroupArn(SITE, work)}:*`)).toBe(true);
      expect(may("s3:PutObject", `arn:aws:s3:::${codeBucketName(SITE, work)}/x`)).toBe(true);
      expect(may("scheduler:CreateSchedule", arnOf("scheduler", `schedule/default/${scheduleName(SITE, work)}`))).toBe(
        true,
      );
      const secret = arnOf("secretsmanager", `secret:${runnerSecretName(SITE, "github", work)}-AbCdEf`);
      expect(may("secretsmanager:CreateSecret", secret)).toBe(true);
    }
  });

  it("reach no other stack's, no backup for writing, and not the deployers' own role", () => {
    const elsewhere: Site = { ...SITE, role: "standby" };
    expect(may("codebuild:StartBuild", buildProjectArn(elsewhere))).toBe(false);
    expect(may("sqs:CreateQueue", missedRunsQueueArn(elsewhere))).toBe(false);
    expect(may("logs:CreateLogGroup", runnerLogGroupArn(elsewhere))).toBe(false);
    expect(may("s3:PutBucketPolicy", vaultBucketArn(elsewhere))).toBe(false);
    expect(may("s3:PutObject", `${vaultBucketArn(SITE)}/daily/x`)).toBe(false);
    expect(may("s3:DeleteObject", `arn:aws:s3:::${vaultBucketName(SITE)}/daily/x`)).toBe(false);
    expect(may("iam:PutRolePolicy", deployerRoleArn(SITE))).toBe(false);
    expect(may("iam:PutRolePolicy", vaultRoleArn(elsewhere, "writer"))).toBe(false);
    expect(may("iam:PassRole", vaultRoleArn(SITE, "writer"), { "iam:PassedToService": "ec2.amazonaws.com" })).toBe(
      false,
    );
    expect(may("kms:DescribeKey", `arn:aws:kms:us-east-1:${SITE.accountId}:key/1`)).toBe(false);
  });
});
