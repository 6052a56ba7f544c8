import { allow, type PolicyDocument, policyDocument, type PolicyStatement } from "../../components/policyDocument.ts";
import {
  auditTrailArn,
  codeBucketName,
  RECOVERY_LOG_PREFIX,
  type Site,
  stateBucketName,
  vaultBucketArn,
} from "../../planning/names.ts";

/** Actions of a service whose names begin with its prefix. */
const of = (service: string, ...actions: string[]) => actions.map((action) => `${service}:${action}`);

/** What one part of a stack needs, and the types of resources that it is for. */
interface Part {
  readonly types: readonly string[];
  readonly rights: (site: Site) => PolicyStatement[];
}

/**
 * The rights by service. Actions: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
 * Where a service can restrict an action to a name, it is restricted to the names that the stack declares.
 */
const PARTS: readonly Part[] = [
  {
    types: [
      "aws:s3/bucket:Bucket",
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
      "aws:s3/bucketPolicy:BucketPolicy",
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      "aws:s3/bucketVersioning:BucketVersioning",
      "aws:s3/bucketObjectv2:BucketObjectv2",
    ],
    rights: (site) => [
      allow("Buckets", bucketsOf(site), [
        ...of("s3", "CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "GetAccelerateConfiguration", "GetBucket*"),
        ...of("s3", "GetEncryptionConfiguration", "GetLifecycleConfiguration", "GetReplicationConfiguration"),
        ...of("s3", "ListBucket*", "ListTagsForResource", "PutBucket*", "PutEncryptionConfiguration"),
        ...of("s3", "PutLifecycleConfiguration", "PutReplicationConfiguration", "TagResource", "UntagResource"),
      ]),
      // The code of the runs, and the state.
      allow(
        "Objects",
        [codeBucketName(site), codeBucketName(site, "mirror"), stateBucketName(site)].map(
          (bucket) => `arn:aws:s3:::${bucket}/*`,
        ),
        of("s3", "DeleteObject*", "GetObject*", "PutObject", "PutObjectTagging"),
      ),
      // A recovery reads the backup that it restores, and writes its line of the log.
      allow("Backups", `${vaultBucketArn(site)}/*`, of("s3", "GetObject*")),
      allow("Log", `${vaultBucketArn(site)}/${RECOVERY_LOG_PREFIX}*`, of("s3", "PutObject")),
    ],
  },
  {
    types: ["aws:kms/key:Key", "aws:kms/alias:Alias"],
    rights: ({ accountId, region }) => [
      // A new key has no name yet, and a new alias no key.
      allow("NewKeys", "*", of("kms", "CreateKey", "ListAliases")),
      allow(
        "Keys",
        ["alias/*", "key/*"].map((name) => `arn:aws:kms:${region}:${accountId}:${name}`),
        [
          ...of("kms", "CreateAlias", "Decrypt", "DeleteAlias", "DescribeKey", "EnableKeyRotation", "Encrypt"),
          ...of("kms", "GenerateDataKey", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey", "ListResourceTags"),
          ...of("kms", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias"),
          ...of("kms", "UpdateKeyDescription", "Verify"),
        ],
      ),
    ],
  },
  {
    types: ["aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"],
    // Not the deployers' own role, whose name has no region.
    rights: ({ project, role, accountId, region }) => {
      const roles = `arn:aws:iam::${accountId}:role/${project}-${role}-*-${region}`;
      const services = ["codebuild", "s3", "scheduler"].map((service) => `${service}.amazonaws.com`);
      return [
        allow("Roles", roles, [
          ...of("iam", "CreateRole", "DeleteRole", "DeleteRolePolicy", "GetRole", "GetRolePolicy"),
          ...of("iam", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies", "ListRoleTags"),
          ...of("iam", "PutRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"),
          ...of("iam", "UpdateRoleDescription"),
        ]),
        allow("Passes", roles, of("iam", "PassRole"), { StringEquals: { "iam:PassedToService": services } }),
      ];
    },
  },
  {
    types: ["aws:cloudtrail/trail:Trail"],
    rights: (site) => [
      allow("TrailNames", "*", of("cloudtrail", "DescribeTrails")),
      allow("Trail", auditTrailArn(site), [
        ...of("cloudtrail", "AddTags", "CreateTrail", "DeleteTrail", "GetEventSelectors", "GetInsightSelectors"),
        ...of("cloudtrail", "GetTrail", "GetTrailStatus", "ListTags", "PutEventSelectors", "RemoveTags"),
        ...of("cloudtrail", "StartLogging", "StopLogging", "UpdateTrail"),
      ]),
    ],
  },
  {
    types: ["aws:cloudwatch/logGroup:LogGroup"],
    rights: (site) => [
      allow("LogNames", "*", of("logs", "DescribeLogGroups")),
      allow("Logs", `arn:aws:logs:${site.region}:${site.accountId}:log-group:/${site.project}/${site.role}/*`, [
        ...of("logs", "CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "FilterLogEvents", "GetLogEvents"),
        ...of("logs", "ListTagsForResource", "PutRetentionPolicy", "TagResource", "UntagResource"),
      ]),
    ],
  },
  {
    types: ["aws:codebuild/project:Project"],
    rights: (site) => [
      allow("Runs", `arn:aws:codebuild:${site.region}:${site.accountId}:project/${namesOf(site)}`, [
        ...of("codebuild", "BatchGetBuilds", "BatchGetProjects", "CreateProject", "DeleteProject"),
        ...of("codebuild", "ListBuildsForProject", "StartBuild", "StopBuild", "UpdateProject"),
      ]),
    ],
  },
  {
    types: ["aws:scheduler/schedule:Schedule"],
    rights: (site) => [
      allow(
        "Schedule",
        `arn:aws:scheduler:${site.region}:${site.accountId}:schedule/default/${namesOf(site)}`,
        of("scheduler", "CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule"),
      ),
    ],
  },
  {
    types: ["aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"],
    // Secrets Manager ends a secret's ARN in six characters of its own.
    rights: (site) => [
      allow("Secret", `arn:aws:secretsmanager:${site.region}:${site.accountId}:secret:${site.project}/${site.role}/*`, [
        ...of(
          "secretsmanager",
          "CreateSecret",
          "DeleteSecret",
          "DescribeSecret",
          "GetResourcePolicy",
          "GetSecretValue",
        ),
        ...of("secretsmanager", "ListSecretVersionIds", "PutSecretValue", "RestoreSecret", "TagResource"),
        ...of("secretsmanager", "UntagResource", "UpdateSecret", "UpdateSecretVersionStage"),
      ]),
    ],
  },
  {
    types: ["aws:sqs/queue:Queue"],
    rights: (site) => [
      allow("MissedRuns", `arn:aws:sqs:${site.region}:${site.accountId}:${namesOf(site)}`, [
        ...of("sqs", "CreateQueue", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags"),
        ...of("sqs", "SetQueueAttributes", "TagQueue", "UntagQueue"),
      ]),
    ],
  },
];

/**
 * The types of AWS resources that a deployer may manage.
 *
 * @internal
 */
export const DEPLOYED_TYPES: readonly string[] = PARTS.flatMap(({ types }) => types);

/**
 * What a deployer needs for `pulumi up` and for the commands of one stack. It may make roles of the stack with any rights, so a deployer is as
 * powerful as an administrator of the account.
 */
export function deployerRights(site: Site): PolicyDocument {
  return policyDocument(PARTS.flatMap(({ rights }) => rights(site)));
}

/** The names of the stack's builds, schedules and queues: of the backups and the mirrors. */
function namesOf({ project, role }: Site): string {
  return `${project}-${role}-*`;
}

/** The stack's buckets, whose names end in account and region. */
function bucketsOf({ project, role, accountId, region }: Site): string {
  return `arn:aws:s3:::${project}-${role}-*-${accountId}-${region}`;
}
