import type * as sdk from "@aws-sdk/client-s3";
import { z } from "zod";

import { fromSdk, listFromSdk, toSdk } from "./casing.ts";
import { sameDocument } from "./row.ts";
import { s3Setting } from "./s3Setting.ts";

const bucket = z.string().min(1);
const flag = z.boolean().optional();
const days = z.number().int().positive();

/** aws:s3/bucketVersioning:BucketVersioning */
export const bucketVersioning = s3Setting({
  label: "S3 Bucket Versioning",
  inputs: z.strictObject({
    bucket,
    versioningConfiguration: z.strictObject({ status: z.enum(["Enabled", "Suspended"]) }),
  }),
  put: (s3, inputs) =>
    s3.putBucketVersioning({
      Bucket: inputs.bucket,
      VersioningConfiguration: { Status: inputs.versioningConfiguration.status },
    }),
  async get(s3, Bucket) {
    const { Status } = await s3.getBucketVersioning({ Bucket });
    return Status === undefined ? undefined : { versioningConfiguration: { status: Status } };
  },
  async erase(s3, inputs) {
    const suspend = { Bucket: inputs.bucket, VersioningConfiguration: { Status: "Suspended" as const } };
    try {
      await s3.putBucketVersioning(suspend);
    } catch (thrown) {
      // S3 never suspends versioning of a bucket with Object Lock; the official provider drops the resource all the same.
      if (!(thrown instanceof Error) || thrown.name !== "InvalidBucketState") throw thrown;
    }
  },
  missing: [],
});

/** A rule in the SDK's form, which has one more level than Pulumi's. */
function encryptionRule({
  blockedEncryptionTypes: blocked,
  ...rule
}: {
  blockedEncryptionTypes?: ("SSE-C" | "NONE")[] | undefined;
}): sdk.ServerSideEncryptionRule {
  return { ...(toSdk(rule) as object), ...(blocked && { BlockedEncryptionTypes: { EncryptionType: blocked } }) };
}

/** aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration */
export const bucketEncryption = s3Setting({
  label: "S3 Bucket Server-Side Encryption Configuration",
  inputs: z.strictObject({
    bucket,
    rules: z
      .array(
        z.strictObject({
          applyServerSideEncryptionByDefault: z
            .strictObject({
              sseAlgorithm: z.enum(["aws:kms", "aws:kms:dsse", "AES256"]),
              kmsMasterKeyId: z.string().optional(),
            })
            .optional(),
          bucketKeyEnabled: flag,
          blockedEncryptionTypes: z.array(z.enum(["SSE-C", "NONE"])).optional(),
        }),
      )
      .min(1),
  }),
  put: (s3, { bucket: Bucket, rules }) =>
    s3.putBucketEncryption({
      Bucket,
      ServerSideEncryptionConfiguration: { Rules: rules.map(encryptionRule) },
    }),
  async get(s3, Bucket) {
    const answer = await s3.getBucketEncryption({ Bucket });
    const { Rules: rules } = answer.ServerSideEncryptionConfiguration ?? {};
    return listFromSdk(
      "rules",
      rules?.map(({ BlockedEncryptionTypes: blocked, ...rule }) => ({
        ...rule,
        BlockedEncryptionTypes: blocked?.EncryptionType,
      })),
    );
  },
  erase: (s3, inputs) => s3.deleteBucketEncryption({ Bucket: inputs.bucket }),
  missing: ["ServerSideEncryptionConfigurationNotFoundError"],
});

/** aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock */
export const bucketPublicAccessBlock = s3Setting({
  label: "S3 Bucket Public Access Block",
  inputs: z.strictObject({
    bucket,
    blockPublicAcls: flag,
    blockPublicPolicy: flag,
    ignorePublicAcls: flag,
    restrictPublicBuckets: flag,
  }),
  put: (s3, { bucket: Bucket, ...flags }) =>
    s3.putPublicAccessBlock({
      Bucket,
      PublicAccessBlockConfiguration: toSdk(flags) as sdk.PublicAccessBlockConfiguration,
    }),
  async get(s3, Bucket, last) {
    const answer = await s3.getPublicAccessBlock({ Bucket });
    const flags = Object.entries(fromSdk(answer.PublicAccessBlockConfiguration ?? {}) as Record<string, boolean>);
    // A value that the program leaves out means off, and isn't drift while it is off.
    return Object.fromEntries(flags.filter(([key, on]) => on || (last !== undefined && key in last)));
  },
  erase: (s3, inputs) => s3.deletePublicAccessBlock({ Bucket: inputs.bucket }),
  missing: ["NoSuchPublicAccessBlockConfiguration"],
});

/** aws:s3/bucketOwnershipControls:BucketOwnershipControls */
export const bucketOwnershipControls = s3Setting({
  label: "S3 Bucket Ownership Controls",
  inputs: z.strictObject({
    bucket,
    rule: z.strictObject({ objectOwnership: z.enum(["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]) }),
  }),
  put: (s3, { bucket: Bucket, rule }) =>
    s3.putBucketOwnershipControls({
      Bucket,
      OwnershipControls: { Rules: [{ ObjectOwnership: rule.objectOwnership }] },
    }),
  async get(s3, Bucket) {
    const answer = await s3.getBucketOwnershipControls({ Bucket });
    const objectOwnership = answer.OwnershipControls?.Rules?.[0]?.ObjectOwnership;
    return objectOwnership === undefined ? undefined : { rule: { objectOwnership } };
  },
  erase: (s3, inputs) => s3.deleteBucketOwnershipControls({ Bucket: inputs.bucket }),
  missing: ["OwnershipControlsNotFoundError"],
});

/** aws:s3/bucketPolicy:BucketPolicy */
export const bucketPolicy = s3Setting({
  label: "S3 Bucket Policy",
  inputs: z.strictObject({ bucket, policy: z.string().min(2) }),
  put: (s3, { bucket: Bucket, policy: Policy }) => s3.putBucketPolicy({ Bucket, Policy }),
  async get(s3, Bucket, last) {
    const policy = sameDocument((await s3.getBucketPolicy({ Bucket })).Policy, last?.policy);
    return policy === undefined ? undefined : { policy };
  },
  erase: (s3, inputs) => s3.deleteBucketPolicy({ Bucket: inputs.bucket }),
  missing: ["NoSuchBucketPolicy"],
});

/** aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration */
export const bucketObjectLock = s3Setting({
  label: "S3 Bucket Object Lock Configuration",
  inputs: z.strictObject({
    bucket,
    rule: z
      .strictObject({
        defaultRetention: z.strictObject({
          mode: z.enum(["GOVERNANCE", "COMPLIANCE"]).optional(),
          days: days.optional(),
          years: days.optional(),
        }),
      })
      .optional(),
  }),
  put: (s3, { bucket: Bucket, rule }) =>
    s3.putObjectLockConfiguration({
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        ...(rule !== undefined && { Rule: toSdk(rule) as sdk.ObjectLockRule }),
      },
    }),
  async get(s3, Bucket) {
    const { ObjectLockConfiguration: found } = await s3.getObjectLockConfiguration({ Bucket });
    if (found?.ObjectLockEnabled !== "Enabled") return undefined;
    return found.Rule === undefined ? {} : { rule: fromSdk(found.Rule) as never };
  },
  erase: (s3, { bucket: Bucket }) =>
    s3.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } }),
  missing: ["ObjectLockConfigurationNotFoundError"],
});
