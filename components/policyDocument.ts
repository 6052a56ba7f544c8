import type { Site } from "../planning/names.ts";

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
  return {
    Sid: "TlsOnly",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucketArn, `${bucketArn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}

/**
 * Refuses changes of a bucket's protection to every principal but the deployers. The bucket policy itself is included, because changing it
 * could lift the rest. The account's root user can always delete a bucket policy.
 *
 * @param deployerArns IAM ARNs, with * and ? as patterns
 */
export function deployerOnly(bucketArn: string, deployerArns: readonly string[]): PolicyStatement {
  return {
    Sid: "DeployerOnly",
    Effect: "Deny",
    Principal: "*",
    Action: [
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:PutBucketObjectLockConfiguration",
      "s3:PutBucketOwnershipControls",
      "s3:PutBucketPolicy",
      "s3:PutBucketPublicAccessBlock",
      "s3:PutBucketVersioning",
      "s3:PutEncryptionConfiguration",
      "s3:PutLifecycleConfiguration",
      "s3:PutReplicationConfiguration",
    ],
    Resource: bucketArn,
    Condition: { ArnNotLike: { "aws:PrincipalArn": deployerArns } },
  };
}
