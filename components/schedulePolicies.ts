import {
  buildProjectArn,
  codeBucketName,
  missedRunsQueueArn,
  runnerLogGroupArn,
  runnerSecretName,
  type Site,
} from "../planning/names.ts";
import { privateRepositoryOf } from "../settings/runnerImage.ts";
import { CHECKPOINT_ENDINGS, checkpointPath, stateBucketOf } from "../settings/stateBackendUrl.ts";
import { accountRoot, type PolicyDocument, policyDocument, type PolicyStatement } from "./policyDocument.ts";
import { vaultRolePermissions, type VaultRoleScope } from "./vaultRolePolicies.ts";

/** What a run's permissions reach. */
export interface RunnerScope extends VaultRoleScope {
  /** The key of the runs' logs and secret. */
  readonly scheduleKeyArn: string;
  readonly image: string;
  readonly checkpoint?: CheckpointPlace | undefined;
}

/** Whose state a run stores, and in which backend it lies. */
export interface CheckpointPlace {
  /** Address as Pulumi takes it. Only one in a bucket needs rights. */
  readonly backend: string;
  readonly project: string;
  readonly stack: string;
}

/** Lets a service of the account take a role for one resource of its own. */
export function serviceTrust(service: string, { accountId }: Site, sourceArn: string): PolicyDocument {
  return policyDocument([
    {
      Effect: "Allow",
      Principal: { Service: service },
      Action: "sts:AssumeRole",
      // Without these two, whoever may use the service in any account could have it act with this role.
      Condition: { StringEquals: { "aws:SourceAccount": accountId }, ArnEquals: { "aws:SourceArn": sourceArn } },
    },
  ]);
}

/** The role of a run: what the vault's writer may do, its own log, code and secret, and nothing beside it. */
export function runnerPermissions(scope: RunnerScope): PolicyDocument {
  const { site, scheduleKeyArn, image, checkpoint } = scope;
  const code = `arn:aws:s3:::${codeBucketName(site)}`;
  const logs = runnerLogGroupArn(site);
  return policyDocument([
    ...vaultRolePermissions("writer", scope).Statement,
    allow("Logs", [logs, `${logs}:*`], ["logs:CreateLogStream", "logs:PutLogEvents"]),
    allow("FindsItsCode", code, ["s3:GetBucketLocation", "s3:ListBucket"]),
    allow("ReadsItsCode", `${code}/*`, ["s3:GetObject", "s3:GetObjectVersion"]),
    allow("ReadsItsSecret", secretArnPattern(site), ["secretsmanager:GetSecretValue"]),
    {
      ...allow("OpensItsSecret", scheduleKeyArn, ["kms:Decrypt"]),
      Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${site.region}.amazonaws.com` } },
    },
    ...readsCheckpoint(checkpoint),
    ...pullsImage(image),
  ]);
}

/** The role that the schedule takes: it starts this one build, and says where it couldn't. */
export function starterPermissions(site: Site): PolicyDocument {
  return policyDocument([
    allow("Starts", buildProjectArn(site), ["codebuild:StartBuild"]),
    allow("SaysWhatItMissed", missedRunsQueueArn(site), ["sqs:SendMessage"]),
  ]);
}

/** The key of the runs' logs and secret: the account's own IAM policies, and CloudWatch Logs for this one log group. */
export function scheduleKeyPolicy(site: Site): PolicyDocument {
  return policyDocument([
    {
      Sid: "OwnAccount",
      Effect: "Allow",
      Principal: { AWS: accountRoot(site) },
      Action: "kms:*",
      Resource: "*",
    },
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

/** Secrets Manager adds six characters of its own to a secret's name. */
function secretArnPattern(site: Site): string {
  return `arn:aws:secretsmanager:${site.region}:${site.accountId}:secret:${runnerSecretName(site)}-??????`;
}

/** This one stack's state, and of the bucket's other names none. */
function readsCheckpoint(checkpoint: CheckpointPlace | undefined): PolicyStatement[] {
  const place = checkpoint && stateBucketOf(checkpoint.backend);
  if (checkpoint === undefined || place === undefined) return [];
  const key = place.prefix + checkpointPath(checkpoint.project, checkpoint.stack);
  const bucket = `arn:aws:s3:::${place.bucket}`;
  return [
    {
      ...allow("FindsTheState", bucket, ["s3:ListBucket"]),
      Condition: { StringEquals: { "s3:prefix": `${key}.json` } },
    },
    allow(
      "ReadsTheState",
      CHECKPOINT_ENDINGS.map((ending) => `${bucket}/${key}${ending}`),
      ["s3:GetObject"],
    ),
  ];
}

/** An image of a private registry needs a token and its layers; a public one nothing. */
function pullsImage(image: string): PolicyStatement[] {
  const repository = privateRepositoryOf(image);
  if (repository === undefined) return [];
  return [
    allow("EntersTheRegistry", "*", ["ecr:GetAuthorizationToken"]),
    allow("PullsItsImage", repository.arn, [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
    ]),
  ];
}

function allow(sid: string, resource: string | string[], actions: string[]): PolicyStatement {
  return { Sid: sid, Effect: "Allow", Action: actions, Resource: resource };
}
