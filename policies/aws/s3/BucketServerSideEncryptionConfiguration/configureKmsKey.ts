import * as aws from "@pulumi/aws";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

/** A key of one's own can be kept from others by its policy; AWS's can't. */
export const configureKmsKey: ResourceValidationPolicy = {
  name: "aws-s3-bucket-encryption-configure-kms-key",
  description: "The backup vault must be encrypted with a KMS key, through a bucket key.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(
    aws.s3.BucketServerSideEncryptionConfiguration,
    (encryption, args, reportViolation) => {
      if (!isPartOfVault(args.urn)) return;
      const [rule] = encryption.rules;
      const byDefault = rule?.applyServerSideEncryptionByDefault;
      if (byDefault?.sseAlgorithm !== "aws:kms") {
        reportViolation(
          `The backup vault must be encrypted with sseAlgorithm "aws:kms", not "${byDefault?.sseAlgorithm ?? "none"}".`,
        );
      }
      // The key's value is unknown until it exists; that one is named is known.
      if (byDefault && !("kmsMasterKeyId" in byDefault)) {
        reportViolation("The backup vault must be encrypted with a key of its own; set kmsMasterKeyId.");
      }
      if (rule?.bucketKeyEnabled !== true) {
        reportViolation("The backup vault must have a bucket key, or KMS is asked (and paid) for every object.");
      }
    },
  ),
  remediationSteps: "Set sseAlgorithm to aws:kms, kmsMasterKeyId to the vault's own key, and bucketKeyEnabled to true.",
};
