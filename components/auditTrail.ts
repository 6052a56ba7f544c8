import type { types } from "@pulumi/aws";
import { Trail } from "@pulumi/aws/cloudtrail/trail.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import * as pulumi from "@pulumi/pulumi";

import {
  auditBucketName,
  auditTrailArn,
  auditTrailName,
  defaultDeployerArns,
  type Site,
  vaultBucketArn,
} from "../planning/names.ts";
import { closedBucket, versionedBucket } from "./closedBucket.ts";
import { deny, deployerOnly, type PolicyDocument, policyDocument, tlsOnly } from "./policyDocument.ts";

export interface AuditTrailArgs {
  /** The site whose vault is audited. All names derive from it. */
  readonly site: Site;
  /** Days that the logs are kept. */
  readonly keptDays: number;
  /** The principals that may change the log bucket's settings: ARNs, with * and ?. @default - planning/names.ts, defaultDeployerArns */
  readonly deployerArns?: readonly string[] | undefined;
  /** Refuse to delete the trail and its logs' bucket. @default true */
  readonly protect?: boolean | undefined;
  readonly tags?: Record<string, string> | undefined;
}

/** Days after which unfinished uploads and lone delete markers are removed. */
const CLEAN_UP_AFTER_DAYS = 1;

/**
 * Records who read, wrote or deleted a vault's objects, or tried to. CloudTrail writes its data events to a log bucket of its own, from
 * which no principal may delete. The logs use S3's own key: they name keys and callers but hold no backup, and they must outlive the
 * vault's key.
 */
export class AuditTrail extends pulumi.ComponentResource {
  /** Name of the logs' bucket. */
  readonly bucket: pulumi.Output<string>;
  readonly trailArn: pulumi.Output<string>;

  constructor(name: string, args: AuditTrailArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:AuditTrail", name, {}, opts);
    const { site, deployerArns, protect = true, tags } = args;
    const child = { parent: this };

    const { bucket } = new Bucket(
      `${name}-bucket`,
      { bucket: auditBucketName(site), ...(tags && { tags }) },
      { ...child, protect },
    );
    const settings = [
      ...closedBucket(name, bucket, child),
      new BucketLifecycleConfiguration(
        `${name}-lifecycle`,
        { bucket, rules: logRules(args.keptDays) },
        { ...child, dependsOn: [versionedBucket(name, bucket, child)] },
      ),
    ];
    // The policy comes last: from then on only a deployer may change the other settings.
    const policy = new BucketPolicy(
      `${name}-policy`,
      { bucket, policy: JSON.stringify(logBucketPolicy(site, deployerArns)) },
      { ...child, dependsOn: settings },
    );
    const trail = new Trail(
      `${name}-trail`,
      {
        name: auditTrailName(site),
        s3BucketName: bucket,
        enableLogFileValidation: true,
        includeGlobalServiceEvents: false,
        advancedEventSelectors: [
          {
            name: "The vault's objects",
            fieldSelectors: [
              { field: "eventCategory", equals: ["Data"] },
              { field: "resources.type", equals: ["AWS::S3::Object"] },
              { field: "resources.ARN", startsWiths: [`${vaultBucketArn(site)}/`] },
            ],
          },
        ],
        ...(tags && { tags }),
      },
      { ...child, protect, dependsOn: [policy] },
    );

    this.bucket = bucket;
    this.trailArn = trail.arn;
    this.registerOutputs({ bucket, trailArn: trail.arn });
  }
}

/**
 * The log bucket's policy: this trail may write, and no principal may delete. Without the trail's ARN, a trail of any account could write
 * there. Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
 */
function logBucketPolicy(site: Site, deployerArns: readonly string[] = defaultDeployerArns(site)): PolicyDocument {
  const bucketArn = `arn:aws:s3:::${auditBucketName(site)}`;
  const trail = { Effect: "Allow", Principal: { Service: "cloudtrail.amazonaws.com" } };
  const fromTrail = { "aws:SourceArn": auditTrailArn(site) };
  return policyDocument([
    tlsOnly(bucketArn),
    deny("NobodyDeletes", `${bucketArn}/*`, ["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    deployerOnly(bucketArn, deployerArns),
    {
      Sid: "TrailLooks",
      ...trail,
      Action: "s3:GetBucketAcl",
      Resource: bucketArn,
      Condition: { StringEquals: fromTrail },
    },
    {
      Sid: "TrailWrites",
      ...trail,
      Action: "s3:PutObject",
      Resource: `${bucketArn}/AWSLogs/${site.accountId}/*`,
      Condition: { StringEquals: { ...fromTrail, "s3:x-amz-acl": "bucket-owner-full-control" } },
    },
  ]);
}

function logRules(keptDays: number): types.input.s3.BucketLifecycleConfigurationRule[] {
  const everything = { status: "Enabled", filter: { prefix: "" } };
  return [
    {
      id: "logs",
      ...everything,
      expiration: { days: keptDays },
      // A log that was overwritten is evidence, so the old version is kept as long as any log.
      noncurrentVersionExpiration: { noncurrentDays: keptDays },
    },
    {
      id: "clean-up",
      ...everything,
      expiration: { expiredObjectDeleteMarker: true },
      abortIncompleteMultipartUpload: { daysAfterInitiation: CLEAN_UP_AFTER_DAYS },
    },
  ];
}
