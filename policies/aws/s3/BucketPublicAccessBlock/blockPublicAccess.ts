import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"] as const;

/** A backup holds every user's data. */
export const blockPublicAccess: ResourceValidationPolicy = {
  name: "aws-s3-bucket-public-access-block-all",
  description: "The backup vault must be closed to the public in all four ways.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(BucketPublicAccessBlock, (block, args, reportViolation) => {
    if (!isPartOfVault(args.urn)) return;
    for (const setting of BLOCKS.filter((name) => block[name] !== true))
      reportViolation(`The backup vault must be closed to the public; set ${setting} to true.`);
  }),
  remediationSteps: `Set ${BLOCKS.join(", ")} to true.`,
};
