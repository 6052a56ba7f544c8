import { auditTrailArn, type Site } from "../planning/names.ts";

/** One statement of an IAM policy. */
export type PolicyStatement = Record<string, unknown>;

/** An IAM policy document as plain data. */
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: PolicyStatement[];
}

/** A document of these statements. */
export function policyDocument(statements: PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}

/** Allows actions on resources, under a condition if one is given. */
export function allow(
  sid: string,
  resource: string | string[],
  actions: string[],
  condition?: object,
): PolicyStatement {
  return { Sid: sid, Effect: "Allow", Action: actions, Resource: resource, ...(condition && { Condition: condition }) };
}

/** Refuses actions on resources to every principal, under a condition if one is given. */
export function deny(
  sid: string,
  resource: string | string[],
  action: string | string[],
  condition?: object,
): PolicyStatement {
  const what = { Sid: sid, Effect: "Deny", Principal: "*", Action: action, Resource: resource };
  return { ...what, ...(condition && { Condition: condition }) };
}

/**
 * For the policy of a role: refuses to silence the trail that records what the role does, whatever other policies the role gets. Each role
 * that this project makes has it.
 */
export function keepsTrail(site: Site): PolicyStatement {
  const actions = ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"];
  return {
    Sid: "KeepsTheTrail",
    Effect: "Deny",
    Action: actions.map((action) => `cloudtrail:${action}`),
    Resource: auditTrailArn(site),
  };
}

/** The condition of a refusal that spares these principals: ARNs, with * and ? as patterns. */
export function unless(arns: readonly string[]): object {
  return { ArnNotLike: { "aws:PrincipalArn": arns } };
}

/** Lets the account's own IAM policies decide about a key. */
export function ownAccount(site: Site): PolicyStatement {
  const principal = { AWS: accountRoot(site) };
  return { Sid: "OwnAccount", Effect: "Allow", Principal: principal, Action: "kms:*", Resource: "*" };
}

/** The account as a principal, which stands for every principal that its IAM policies or a condition select. */
export function accountRoot({ accountId }: Pick<Site, "accountId">): string {
  return `arn:aws:iam::${accountId}:root`;
}

/** The value of `kms:ViaService` for S3 in a region. */
export function s3Service(region: string): string {
  return `s3.${region}.amazonaws.com`;
}

/** Refuses every request without TLS. */
export function tlsOnly(bucketArn: string): PolicyStatement {
  return deny("TlsOnly", [bucketArn, `${bucketArn}/*`], "s3:*", { Bool: { "aws:SecureTransport": "false" } });
}

/**
 * Refuses changes of a bucket's protection to every principal but the deployers. The bucket policy itself is included, because changing it
 * could lift the rest. The account's root user can always delete a bucket policy.
 *
 * @param deployerArns IAM ARNs, with * and ? as patterns
 */
export function deployerOnly(bucketArn: string, deployerArns: readonly string[]): PolicyStatement {
  const actions = [
    ...["s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketObjectLockConfiguration"],
    ...[
      "s3:PutBucketOwnershipControls",
      "s3:PutBucketPolicy",
      "s3:PutBucketPublicAccessBlock",
      "s3:PutBucketVersioning",
    ],
    ...["s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration"],
  ];
  return deny("DeployerOnly", bucketArn, actions, unless(deployerArns));
}
