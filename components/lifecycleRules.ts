import type { types } from "@pulumi/aws";

import type { Tier } from "../planning/tiers.ts";

type LifecycleRule = types.input.s3.BucketLifecycleConfigurationRule;

/** Days after which noncurrent versions and unfinished uploads are removed. */
const CLEAN_UP_AFTER_DAYS = 1;

/**
 * The vault's lifecycle: one rule for each tier, and one that removes what expiry leaves behind.
 *
 * On a versioned bucket an expiration only adds a delete marker. The version is removed after a noncurrent day, and then the lone marker.
 */
export function tiersToLifecycleRules(tiers: readonly Tier[]): LifecycleRule[] {
  return [
    ...tiers.map(tierRule),
    {
      id: "clean-up",
      status: "Enabled",
      filter: { prefix: "" },
      expiration: { expiredObjectDeleteMarker: true },
      abortIncompleteMultipartUpload: { daysAfterInitiation: CLEAN_UP_AFTER_DAYS },
    },
  ];
}

function tierRule({ name, prefix, keptDays, transition }: Tier): LifecycleRule {
  return {
    id: name,
    status: "Enabled",
    filter: { prefix },
    expiration: { days: keptDays },
    noncurrentVersionExpiration: { noncurrentDays: CLEAN_UP_AFTER_DAYS },
    ...(transition && { transitions: [{ days: transition.afterDays, storageClass: transition.storageClass }] }),
  };
}
