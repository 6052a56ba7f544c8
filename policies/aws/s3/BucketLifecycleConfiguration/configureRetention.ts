import * as aws from "@pulumi/aws";
import { validateResourceOfType, type ResourceValidationPolicy } from "@pulumi/policy";

import { SEED_KEPT_DAYS, TIERS, type Tier } from "../../../../planning/tiers.ts";
import { isPartOfVault } from "../../../vaults.ts";

/** Classes that answer after hours: a recovery within the hour can't wait for them. */
const SLEEPING_CLASSES = ["GLACIER", "DEEP_ARCHIVE"];

/** The recovery guide's "Backup Retention" is what the vault's lifecycle must not undercut. */
export const configureRetention: ResourceValidationPolicy = {
  name: "aws-s3-bucket-lifecycle-configure-retention",
  description: "No tier of the backup vault may be kept for less than the recovery guide asks for, or sleep.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(aws.s3.BucketLifecycleConfiguration, (lifecycle, args, reportViolation) => {
    if (!isPartOfVault(args.urn)) return;
    for (const rule of lifecycle.rules ?? []) {
      if (rule.status !== "Enabled") continue;
      for (const tier of TIERS.filter((tier) => touches(rule.filter?.prefix ?? "", tier))) {
        const days = rule.expiration?.days;
        if (days !== undefined && days < SEED_KEPT_DAYS[tier.name]) {
          reportViolation(
            `The backup vault must keep ${tier.name} backups for at least ${SEED_KEPT_DAYS[tier.name]} days; ` +
              `lifecycle rule "${rule.id}" expires them after ${days}.`,
          );
        }
        for (const { storageClass } of rule.transitions ?? []) {
          if (SLEEPING_CLASSES.includes(storageClass)) {
            reportViolation(
              `The backup vault must not move ${tier.name} backups to ${storageClass}, from where they take hours to come back.`,
            );
          }
        }
      }
    }
  }),
  remediationSteps: "Give each tier's lifecycle rule at least the days of planning/tiers.ts, and no class that sleeps.",
};

/** Whether a rule's prefix covers objects of a tier. A rule without a plain prefix is taken to cover all of them. */
function touches(prefix: string, tier: Tier): boolean {
  return prefix.startsWith(tier.prefix) || tier.prefix.startsWith(prefix);
}
