import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

/** Neither a wrong `up` nor a `destroy` may delete the backups. */
export const protectVault: ResourceValidationPolicy = {
  name: "aws-s3-bucket-protect-vault",
  description: "The backup vault's bucket must be protected, and deleting it must not delete its content.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(Bucket, (bucket, args, reportViolation) => {
    if (!isPartOfVault(args.urn)) return;
    if (!args.opts.protect)
      reportViolation("The backup vault's bucket must be protected; remove the setting disposableVault.");
    if (bucket.forceDestroy === true)
      reportViolation("The backup vault's bucket must not have forceDestroy, which deletes every backup in it.");
  }),
  remediationSteps: "Remove the setting disposableVault, and forceDestroy.",
};
