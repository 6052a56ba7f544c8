import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

/** Object Lock and replication both work on versions. */
export const enableVersioning: ResourceValidationPolicy = {
  name: "aws-s3-bucket-versioning-enable-versioning",
  description: "The backup vault must be versioned.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(BucketVersioning, (versioning, args, reportViolation) => {
    const { status } = versioning.versioningConfiguration;
    if (isPartOfVault(args.urn) && status !== "Enabled")
      reportViolation(`The backup vault's versioning must be "Enabled", not "${status}".`);
  }),
  remediationSteps: "Set versioningConfiguration.status to Enabled.",
};
