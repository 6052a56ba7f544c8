import * as aws from "@pulumi/aws";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

/** Neither a wrong `up` nor a `destroy` may take the backups away. */
export const protectVault: ResourceValidationPolicy = {
  name: "aws-s3-bucket-protect-vault",
  description: "The backup vault's bucket must be protected, and must not be emptied to be deleted.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(aws.s3.Bucket, (bucket, args, reportViolation) => {
    if (!isPartOfVault(args.urn)) return;
    if (!args.opts.protect) {
      reportViolation("The backup vault's bucket must be protected; take the setting disposableVault away.");
    }
    if (bucket.forceDestroy === true) {
      reportViolation("The backup vault's bucket must not have forceDestroy, which deletes every backup in it.");
    }
  }),
  remediationSteps: "Take the setting disposableVault away, and forceDestroy.",
};
