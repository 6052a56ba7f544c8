import { type BucketLocationConstraint, S3 } from "@aws-sdk/client-s3";

import { UserError } from "../common/errors.ts";
import { type AwsPlace, shortCalls } from "./awsCalls.ts";
import { isSamePolicy, type Mark, refuseUnmarked, settle, type Settled, tagsBy, unless } from "./ownership.ts";

/** A bucket as it shall be: versioned, encrypted, closed to the public, with this policy. */
export interface OwnBucket {
  readonly name: string;
  /** The only account that it may belong to. */
  readonly accountId: string;
  /** Policy document as JSON. */
  readonly policy: string;
  readonly mark: Mark;
}

/** Where the first bucket locations are, a creation must not name the region. */
const WITHOUT_LOCATION = "us-east-1";

/**
 * Makes a bucket, or brings the settings of one with the mark to what is wanted. The mark is set with the creation, so that an interrupted
 * call leaves no bucket without it. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html (Tags).
 *
 * @throws UserError if a bucket of that name belongs to another account, is in another region, or lacks the mark
 */
export async function ownBucket(place: AwsPlace, wanted: OwnBucket): Promise<Settled> {
  const { name: Bucket, accountId, policy, mark } = wanted;
  const { region, endpoint } = place;
  const s3 = new S3({ ...shortCalls(place), forcePathStyle: endpoint !== undefined });
  const about = { place, service: "S3", subject: `the bucket "${Bucket}"` };
  const asked = <T>(answer: Promise<T>, ...names: string[]) => unless(names, answer, about);
  const own = { Bucket, ExpectedBucketOwner: accountId };
  try {
    const wasThere = await isThere();
    if (!wasThere) await create();
    const tags = (await asked(s3.getBucketTagging(own), "NoSuchTagSet"))?.TagSet;
    refuseUnmarked(`The bucket ${Bucket}`, mark, tagsBy(tags));
    const changed = await settle([
      {
        name: "its versions",
        isRight: async () => (await asked(s3.getBucketVersioning(own)))?.Status === "Enabled",
        set: () => asked(s3.putBucketVersioning({ ...own, VersioningConfiguration: { Status: "Enabled" } })),
      },
      {
        name: "its encryption",
        isRight: async () => {
          const found = await asked(s3.getBucketEncryption(own), "ServerSideEncryptionConfigurationNotFoundError");
          return found?.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault !== undefined;
        },
        set: () => asked(s3.putBucketEncryption({ ...own, ServerSideEncryptionConfiguration: ENCRYPTION })),
      },
      {
        name: "its block of public access",
        isRight: async () => {
          const found = await asked(s3.getPublicAccessBlock(own), "NoSuchPublicAccessBlockConfiguration");
          const blocks: Partial<Record<string, unknown>> = { ...found?.PublicAccessBlockConfiguration };
          return Object.keys(CLOSED).every((key) => blocks[key] === true);
        },
        set: () => asked(s3.putPublicAccessBlock({ ...own, PublicAccessBlockConfiguration: CLOSED })),
      },
      {
        name: "its policy",
        isRight: async () => isSamePolicy((await asked(s3.getBucketPolicy(own), "NoSuchBucketPolicy"))?.Policy, policy),
        set: () => asked(s3.putBucketPolicy({ ...own, Policy: policy })),
      },
    ]);
    return { wasThere, changed: wasThere ? changed : [] };
  } finally {
    s3.destroy();
  }

  async function isThere(): Promise<boolean> {
    try {
      const found = await asked(s3.headBucket(own), "NotFound", "NoSuchBucket");
      if (found !== undefined && (found.BucketRegion ?? region) !== region) throw elsewhere();
      return found !== undefined;
    } catch (error) {
      const { name, $metadata } = ((error as Error).cause ?? error) as {
        name?: string;
        $metadata?: { httpStatusCode?: number };
      };
      if (name === "PermanentRedirect" || $metadata?.httpStatusCode === 301) throw elsewhere();
      if ($metadata?.httpStatusCode !== 403) throw error;
      throw new UserError(
        `The bucket ${Bucket} belongs to another account, or these credentials may not see it: nothing was changed. Use credentials of account ${accountId} that may create buckets.`,
        { cause: error },
      );
    }
  }

  function elsewhere(): UserError {
    return new UserError(`The bucket ${Bucket} is in another region than ${region}: nothing was changed of it.`);
  }

  async function create(): Promise<void> {
    const Tags = [{ Key: mark.key, Value: mark.value }];
    const LocationConstraint = region === WITHOUT_LOCATION ? undefined : (region as BucketLocationConstraint);
    await asked(
      s3.createBucket({
        Bucket,
        CreateBucketConfiguration: { Tags, ...(LocationConstraint && { LocationConstraint }) },
        ObjectOwnership: "BucketOwnerEnforced",
      }),
    );
  }
}

const ENCRYPTION = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } }] };
const CLOSED = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
