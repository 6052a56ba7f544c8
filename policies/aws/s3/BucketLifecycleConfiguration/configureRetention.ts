import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { leastKeptDays, type Tier, TIERS } from "../../../../planning/tiers.ts";
import { isPartOfVault } from "../../../stacks/vaults.ts";

/** Classes whose retrieval takes hours. A recovery can't wait for them. */
const SLEEPING_CLASSES = ["GLACIER", "DEEP_ARCHIVE"];

/** The vault's lifecycle must keep backups at least as long as docs/objectives.md promises. */
export const configureRetention = retentionOf(TIERS);

/** The policy for a table of tiers. @internal exported for the test with one more tier */
export function retentionOf(tiers: readonly Tier[]): ResourceValidationPolicy {
  return {
    name: "aws-s3-bucket-lifecycle-configure-retention",
    description:
      "Every tier of the backup vault must be kept as long as docs/objectives.md promises, in a class that answers at once.",
    enforcementLevel: "mandatory",
    validateResource: validateResourceOfType(BucketLifecycleConfiguration, (lifecycle, args, reportViolation) => {
      if (!isPartOfVault(args.urn)) return;
      const rules = lifecycle.rules ?? [];
      for (const fault of tiers.flatMap((tier) => rules.flatMap((rule) => [...faultsOf(rule, tier)])))
        reportViolation(fault);
    }),
    remediationSteps: "Give each tier's lifecycle rule at least the days of planning/tiers.ts, and no archive class.",
  };
}

interface Rule {
  id: string;
  status: string;
  prefix?: string | undefined;
  filter?: { prefix?: string | undefined; and?: { prefix?: string | undefined } | undefined } | undefined;
  expiration?: { days?: number | undefined } | undefined;
  transitions?: { storageClass: string }[] | undefined;
}

function* faultsOf(rule: Rule, tier: Tier): Generator<string> {
  const { id, status, prefix, filter, expiration, transitions = [] } = rule;
  if (status !== "Enabled" || !touches(filter?.and?.prefix ?? filter?.prefix ?? prefix ?? "", tier)) return;
  const least = leastKeptDays(tier);
  const days = expiration?.days;
  const sleeping = transitions.filter(({ storageClass }) => SLEEPING_CLASSES.includes(storageClass));
  if (days !== undefined && days < least)
    yield `The backup vault must keep ${tier.name} backups for at least ${least} days; lifecycle rule "${id}" expires them after ${days}.`;
  for (const { storageClass } of sleeping)
    yield `The backup vault must not move ${tier.name} backups to ${storageClass}, from where a retrieval takes hours.`;
}

/** Whether a rule's prefix covers objects of a tier. A rule without a plain prefix covers all tiers. */
function touches(prefix: string, tier: Tier): boolean {
  return prefix.startsWith(tier.prefix) || tier.prefix.startsWith(prefix);
}
