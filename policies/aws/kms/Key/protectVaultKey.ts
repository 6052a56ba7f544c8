import { Key } from "@pulumi/aws/kms/key.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { isPartOfVault } from "../../../stacks/vaults.ts";

/** Without its key a vault is unreadable. */
export const protectVaultKey: ResourceValidationPolicy = {
  name: "aws-kms-key-protect-vault-key",
  description: "The backup vault's key must be protected and rotated.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(Key, (key, args, reportViolation) => {
    if (!isPartOfVault(args.urn)) return;
    if (!args.opts.protect)
      reportViolation("The backup vault's key must be protected; remove the setting disposableVault.");
    if (key.enableKeyRotation !== true)
      reportViolation("The backup vault's key must be rotated; set enableKeyRotation to true.");
  }),
  remediationSteps: "Remove the setting disposableVault, and set enableKeyRotation to true.",
};
