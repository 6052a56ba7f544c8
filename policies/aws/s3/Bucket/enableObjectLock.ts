import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

/** Without Object Lock a principal with write access can delete every backup. It can only be enabled when the bucket is created. */
export const enableObjectLock: ResourceValidationPolicy = {
  name: "aws-s3-bucket-enable-object-lock",
  description: "The backup vault's bucket must have Object Lock.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(Bucket, (bucket, args, reportViolation) => {
    if (isPartOfVault(args.urn) && bucket.objectLockEnabled !== true)
      reportViolation("The backup vault's bucket must have Object Lock; set objectLockEnabled to true.");
  }),
  remediationSteps: "Set objectLockEnabled to true. An existing bucket without it must be replaced by a new one.",
};
