import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** Encryption with S3's own key. */
const S3_KEY = { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } };

/** Closes a bucket: encryption by default, no public access, one owner. */
export function closedBucket(
  name: string,
  bucket: pulumi.Input<string>,
  child: pulumi.CustomResourceOptions,
  encryption: aws.types.input.s3.BucketServerSideEncryptionConfigurationRule = S3_KEY,
): pulumi.Resource[] {
  return [
    new aws.s3.BucketServerSideEncryptionConfiguration(`${name}-encryption`, { bucket, rules: [encryption] }, child),
    new aws.s3.BucketPublicAccessBlock(
      `${name}-public-access`,
      { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      child,
    ),
    new aws.s3.BucketOwnershipControls(
      `${name}-ownership`,
      { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
      child,
    ),
  ];
}

/** Keeps every version of a bucket's objects. */
export function versionedBucket(
  name: string,
  bucket: pulumi.Input<string>,
  child: pulumi.CustomResourceOptions,
): aws.s3.BucketVersioning {
  return new aws.s3.BucketVersioning(
    `${name}-versioning`,
    { bucket, versioningConfiguration: { status: "Enabled" } },
    child,
  );
}
