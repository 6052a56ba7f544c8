import {
  buildProjectArn,
  codeBucketName,
  missedRunsQueueArn,
  runnerLogGroupArn,
  runnerSecretName,
  type ScheduledWork,
  type Site,
} from "../planning/names.ts";
import { privateRepositoryArn } from "../settings/runnerImage.ts";
import { MIRROR_TOKENS, TOKEN_SERVICES } from "../settings/runnerSettings.ts";
import { CHECKPOINT_ENDINGS, checkpointPath, stateBucketOf } from "../settings/stateBackendUrl.ts";
import {
  allow,
  keepsTrail,
  ownAccount,
  type PolicyDocument,
  policyDocument,
  type PolicyStatement,
} from "./policyDocument.ts";
import { vaultRolePermissions, type VaultRoleScope } from "./vaultRolePolicies.ts";

/** The resources that a run may use. */
export interface RunnerScope extends VaultRoleScope {
  /** The key of the runs' logs and secrets. */
  readonly scheduleKeyArn: string;
  readonly image: string;
  readonly checkpoint?: CheckpointPlace | undefined;
}

/** The stack whose state a run stores, and the backend that holds it. */
export interface CheckpointPlace {
  /** Address in Pulumi's form. Only a backend in a bucket needs permissions. */
  readonly backend: string;
  readonly project: string;
  readonly stack: string;
}

/**
 * Lets a service of the account assume a role for one of its own resources. Both services name these two keys for their roles. Sources:
 * https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html and
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html (there, a schedule's group).
 */
export function serviceTrust(service: string, { accountId }: Site, sourceArn: string): PolicyDocument {
  return policyDocument([
    {
      Effect: "Allow",
      Principal: { Service: service },
      Action: "sts:AssumeRole",
      // Without these two conditions any account's use of the service could act with this role.
      Condition: { StringEquals: { "aws:SourceAccount": accountId }, ArnEquals: { "aws:SourceArn": sourceArn } },
    },
  ]);
}

/** Permissions of a run: the vault writer's, and its own log, code and secrets. */
export function runnerPermissions(scope: RunnerScope): PolicyDocument {
  const { site, scheduleKeyArn, image, checkpoint } = scope;
  return policyDocument([
    ...vaultRolePermissions("writer", scope).Statement,
    ...usesItsOwn(site, "backup", ["database", ...Object.keys(TOKEN_SERVICES)]),
    allow("OpensItsSecrets", scheduleKeyArn, ["kms:Decrypt"], {
      StringEquals: { "kms:ViaService": `secretsmanager.${site.region}.amazonaws.com` },
    }),
    ...readsCheckpoint(checkpoint),
    ...pullsImage(image),
  ]);
}

/** Permissions of a mirror build: its own log, code and secrets, and nothing of the vault. */
export function mirrorPermissions(site: Site, image: string): PolicyDocument {
  return policyDocument([
    ...usesItsOwn(site, "mirror", Object.keys(MIRROR_TOKENS)),
    ...pullsImage(image),
    keepsTrail(site),
  ]);
}

/** What every build may do with its log, its code, and those secrets. */
function usesItsOwn(site: Site, work: ScheduledWork, parts: readonly string[]): PolicyStatement[] {
  const code = `arn:aws:s3:::${codeBucketName(site, work)}`;
  const logs = runnerLogGroupArn(site, work);
  // Secrets Manager adds six characters to a secret's name.
  const secrets = parts.map(
    (part) =>
      `arn:aws:secretsmanager:${site.region}:${site.accountId}:secret:${runnerSecretName(site, part, work)}-??????`,
  );
  return [
    allow("Logs", [logs, `${logs}:*`], ["logs:CreateLogStream", "logs:PutLogEvents"]),
    allow("FindsItsCode", code, ["s3:GetBucketLocation", "s3:ListBucket"]),
    allow("ReadsItsCode", `${code}/*`, ["s3:GetObject", "s3:GetObjectVersion"]),
    allow("ReadsItsSecrets", secrets, ["secretsmanager:GetSecretValue"]),
  ];
}

/** Permissions of the schedule: start this build, and report failures to the queue. */
export function starterPermissions(site: Site, work?: ScheduledWork): PolicyDocument {
  return policyDocument([
    allow("Starts", buildProjectArn(site, work), ["codebuild:StartBuild"]),
    allow("SaysWhatItMissed", missedRunsQueueArn(site, work), ["sqs:SendMessage"]),
    keepsTrail(site),
  ]);
}

/** Policy of the key for the runs' logs and secrets. It allows the account's own IAM policies, and CloudWatch Logs for this log group. */
export function scheduleKeyPolicy(site: Site): PolicyDocument {
  return policyDocument([
    ownAccount(site),
    {
      Sid: "LogsOfTheRuns",
      Effect: "Allow",
      Principal: { Service: `logs.${site.region}.amazonaws.com` },
      Action: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
      Resource: "*",
      Condition: { ArnEquals: { "kms:EncryptionContext:aws:logs:arn": runnerLogGroupArn(site) } },
    },
  ]);
}

/** Permission to read this stack's state, and nothing else in the bucket. */
function readsCheckpoint(checkpoint: CheckpointPlace | undefined): PolicyStatement[] {
  const place = checkpoint && stateBucketOf(checkpoint.backend);
  if (checkpoint === undefined || place === undefined) return [];
  const key = place.prefix + checkpointPath(checkpoint.project, checkpoint.stack);
  const bucket = `arn:aws:s3:::${place.bucket}`;
  const files = CHECKPOINT_ENDINGS.map((ending) => `${bucket}/${key}${ending}`);
  return [
    allow("FindsTheState", bucket, ["s3:ListBucket"], { StringEquals: { "s3:prefix": `${key}.json` } }),
    allow("ReadsTheState", files, ["s3:GetObject"]),
  ];
}

/** An image of a private registry needs a token and its layers; a public image needs nothing. */
function pullsImage(image: string): PolicyStatement[] {
  const repository = privateRepositoryArn(image);
  if (repository === undefined) return [];
  const pulls = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
  return [allow("EntersTheRegistry", "*", ["ecr:GetAuthorizationToken"]), allow("PullsItsImage", repository, pulls)];
}
