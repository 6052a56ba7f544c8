import type { types } from "@pulumi/aws";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import type * as pulumi from "@pulumi/pulumi";

/** Encryption with S3's own key. */
const S3_KEY = { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } };

/**
 * Encryption by keys that the uploader brings and S3 forgets. New buckets block it since April 2026
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html); said here, it holds for older ones.
 */
const KEYS_OF_THE_UPLOADER = ["SSE-C"];

/** Closes a bucket: encryption by default, no public access, one owner. */
export function closedBucket(
  name: string,
  bucket: pulumi.Input<string>,
  child: pulumi.CustomResourceOptions,
  encryption: types.input.s3.BucketServerSideEncryptionConfigurationRule = S3_KEY,
): pulumi.Resource[] {
  const rules = [{ ...encryption, blockedEncryptionTypes: KEYS_OF_THE_UPLOADER }];
  return [
    new BucketServerSideEncryptionConfiguration(`${name}-encryption`, { bucket, rules }, child),
    new BucketPublicAccessBlock(
      `${name}-public-access`,
      { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      child,
    ),
    new BucketOwnershipControls(
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
): BucketVersioning {
  return new BucketVersioning(`${name}-versioning`, { bucket, versioningConfiguration: { status: "Enabled" } }, child);
}
