/**
 * List prices of what a site uses beside S3, in US dollars.
 *
 * - KMS, the same in all regions, without requests: https://aws.amazon.com/kms/pricing/. Each of the first two rotations of a key costs as much
 *   as the key: "Key rotation and pricing" in https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html.
 * - KMS, Secrets Manager and CloudWatch in Tokyo: AWS's price list of September 2026, by the usage types `ap-northeast-1-KMS-Keys`,
 *   `APN1-AWSSecretsManager-Secrets` and `APN1-CW:MetricMonitorUsage`. The second also: https://aws.amazon.com/secrets-manager/pricing/, read on
 *   20 September 2026.
 * - CloudTrail data events: https://aws.amazon.com/cloudtrail/pricing/. Its price for Tokyo could not be looked up by itself.
 * - CodeBuild on Linux (planning/runnerMachine.ts): no copy of https://aws.amazon.com/codebuild/pricing/ could be read. Other publications of 2026
 *   give these prices for us-east-1. Tokyo's is taken to be the same, as is the free allowance to be used elsewhere.
 */
export const SERVICE_PRICES = {
  asOf: "2026-09-20",
  /** A key for a month, and each of its first {@link BILLED_ROTATIONS} rotations. */
  kmsKeyMonth: 1,
  /** 100,000 events. */
  trailEvents: 0.1,
  secretMonth: 0.4,
  /** A custom metric for a month. */
  metricMonth: 0.3,
} as const;

/** Rotations of a key that are billed. Later ones are free. */
export const BILLED_ROTATIONS = 2;

/** Days between two automatic rotations of a key by default. Source: "RotationPeriodInDays" of KMS's EnableKeyRotation. */
export const ROTATION_DAYS = 365;

/** What a site declares and pays by the month. */
export interface SiteParts {
  readonly keys: number;
  /** Those that KMS rotates: all but the signing key, which is asymmetric. */
  readonly rotatedKeys: number;
  readonly secrets: number;
}

/** Each site's, by components/backupVault.ts, signingKey.ts and, for the site that runs CastChat, backupRunner.ts. */
export const SITE_PARTS: Readonly<Record<"primary" | "standby", SiteParts>> = {
  primary: { keys: 3, rotatedKeys: 2, secrets: 1 },
  standby: { keys: 2, rotatedKeys: 1, secrets: 0 },
};

/**
 * Metrics of a replication rule: latency, bytes and operations pending. Replication Time Control needs them. They are billed as custom metrics.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics.html
 */
export const METRICS_PER_RULE = 3;
