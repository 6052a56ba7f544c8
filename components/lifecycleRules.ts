import type { types } from "@pulumi/aws";

import type { Tier } from "../planning/tiers.ts";

type LifecycleRule = types.input.s3.BucketLifecycleConfigurationRule;

/** Days after which noncurrent versions and unfinished uploads go. */
const CLEAN_UP_AFTER_DAYS = 1;

/**
 * The vault's lifecycle: one rule a tier, and one that clears what expiry leaves behind.
 *
 * On a versioned bucket an expiration only adds a delete marker; the bytes go when the version has been noncurrent
 * for a day, and the marker when it stands alone.
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
