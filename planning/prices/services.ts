/**
 * List prices of what a site uses beside S3, in US dollars.
 *
 * - KMS: https://aws.amazon.com/kms/pricing/, the same in all regions, without the price of rotated key material and of requests.
 * - CodeBuild, BUILD_GENERAL1_SMALL on Linux: https://aws.amazon.com/codebuild/pricing/, as of May 2026 for us-east-1. Tokyo's price could
 *   not be looked up and is taken to be the same, as is the free allowance to be used elsewhere.
 * - CloudTrail data events, Secrets Manager, CloudWatch custom metrics: from memory of their price pages, not looked up.
 */
export const SERVICE_PRICES = {
  asOf: "2026-06-13",
  kmsKeyMonth: 1,
  buildMinute: 0.005,
  /** 100,000 events. */
  trailEvents: 0.1,
  secretMonth: 0.4,
  /** A custom metric for a month. */
  metricMonth: 0.3,
} as const;

/** What each site declares: components/backupVault.ts, signingKey.ts and, for the site that runs CastChat, backupRunner.ts. */
export const SITE_PARTS = {
  primary: { keys: 3, secrets: 1 },
  standby: { keys: 2, secrets: 0 },
} as const;

/**
 * Metrics of a replication rule: latency, bytes and operations pending. Replication Time Control needs them. Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics.html
 */
export const METRICS_PER_RULE = 3;
