import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

/** The policy of the vault's own key can exclude principals; that of an AWS-managed key can't. */
export const configureKmsKey: ResourceValidationPolicy = {
  name: "aws-s3-bucket-encryption-configure-kms-key",
  description: "The backup vault must be encrypted with a KMS key, through a bucket key.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(
    BucketServerSideEncryptionConfiguration,
    (encryption, args, reportViolation) => {
      if (!isPartOfVault(args.urn)) return;
      const [rule] = encryption.rules;
      const byDefault = rule?.applyServerSideEncryptionByDefault;
      if (byDefault?.sseAlgorithm !== "aws:kms")
        reportViolation(
          `The backup vault must be encrypted with sseAlgorithm "aws:kms", not "${byDefault?.sseAlgorithm ?? "none"}".`,
        );
      // A preview doesn't know the key's value before the key exists, but it knows that there is one.
      if (byDefault && !("kmsMasterKeyId" in byDefault))
        reportViolation("The backup vault must be encrypted with a key of its own; set kmsMasterKeyId.");
      if (rule?.bucketKeyEnabled !== true)
        reportViolation(
          "The backup vault must have a bucket key; without it S3 calls KMS for every object, at a price.",
        );
    },
  ),
  remediationSteps: "Set sseAlgorithm to aws:kms, kmsMasterKeyId to the vault's own key, and bucketKeyEnabled to true.",
};
