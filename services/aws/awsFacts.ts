import { BatchGetProjectsCommand, CodeBuildClient } from "@aws-sdk/client-codebuild";
import { GetBucketVersioningCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { paginateListServiceQuotas, ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import { type AwsPlace, endedBy, explainedCall, shortCalls } from "./awsCalls.ts";
import { nameOf } from "./awsErrors.ts";

/** The machine of a CodeBuild project. */
export interface BuildMachine {
  /** Such as BUILD_GENERAL1_SMALL. */
  computeType: string;
  image: string;
}

/** Where an object is on its way into another bucket; undefined if no rule replicates it. */
export type ReplicationState = "COMPLETED" | "PENDING" | "FAILED" | "REPLICA";

/** Questions about an account's set-up, which change nothing. Errors of set-up or network are UserErrors. */
export interface AwsFacts {
  /** ARN of the principal whose credentials the environment has. */
  caller(signal?: AbortSignal): Promise<string>;
  /** Whether a bucket keeps versions; undefined if there is no such bucket. */
  isVersioned(bucket: string, signal?: AbortSignal): Promise<boolean | undefined>;
  /** How far the replication of an object's newest version is. */
  replication(bucket: string, key: string, signal?: AbortSignal): Promise<ReplicationState | undefined>;
  /** The machine on which a CodeBuild project runs; undefined if there is no such project. */
  buildMachine(project: string, signal?: AbortSignal): Promise<BuildMachine | undefined>;
  /** How many builds of a size of machine CodeBuild runs at once; undefined if AWS lists no such quota. */
  concurrentBuilds(size: string, signal?: AbortSignal): Promise<number | undefined>;
}

/**
 * Facts of one region. A state bucket may be in another one, and at another address: its own place is then named.
 *
 * CodeBuild's own API shows no quota. Service Quotas has one for each kind of machine, by the name "Concurrently running builds for
 * Linux/Small environment" (https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html). A new account may begin with 0 or 1.
 */
export function awsFacts(place: AwsPlace): AwsFacts {
  const asked = <T>(service: string, subject: string, answer: Promise<T>, signal?: AbortSignal) =>
    explainedCall(answer, { ...place, service, subject }, signal);
  const s3 = () => new S3Client({ ...shortCalls(place), forcePathStyle: place.endpoint !== undefined });
  return {
    async caller(signal) {
      const answer = new STSClient(shortCalls(place)).send(new GetCallerIdentityCommand({}), endedBy(signal));
      return (await asked("STS", "the credentials", answer, signal)).Arn ?? "";
    },
    async isVersioned(bucket, signal) {
      const answer = s3().send(new GetBucketVersioningCommand({ Bucket: bucket }), endedBy(signal));
      const found = answer.catch((error: unknown) => {
        if (nameOf(error) === "NoSuchBucket") return undefined;
        throw error;
      });
      const versioning = await asked("S3", `the bucket "${bucket}"`, found, signal);
      return versioning && versioning.Status === "Enabled";
    },
    async replication(bucket, key, signal) {
      const answer = s3().send(new HeadObjectCommand({ Bucket: bucket, Key: key }), endedBy(signal));
      const { ReplicationStatus: state } = await asked("S3", `the bucket "${bucket}"`, answer, signal);
      // S3 spells one of the states in both ways.
      return state === "COMPLETE" ? "COMPLETED" : state;
    },
    async buildMachine(project, signal) {
      const command = new BatchGetProjectsCommand({ names: [project] });
      const answer = new CodeBuildClient(shortCalls(place)).send(command, endedBy(signal));
      const { projects = [] } = await asked("CodeBuild", `the project "${project}"`, answer, signal);
      const { computeType, image } = projects[0]?.environment ?? {};
      return computeType === undefined || image === undefined ? undefined : { computeType, image };
    },
    async concurrentBuilds(size, signal) {
      const name = `Concurrently running builds for Linux/${size} environment`.toLowerCase();
      const find = async () => {
        const client = new ServiceQuotasClient(shortCalls(place));
        for await (const { Quotas = [] } of paginateListServiceQuotas(
          { client },
          { ServiceCode: "codebuild", MaxResults: 100 },
          endedBy(signal),
        )) {
          const found = Quotas.find(({ QuotaName = "" }) => QuotaName.toLowerCase() === name);
          if (found !== undefined) return found.Value;
        }
        return undefined;
      };
      return await asked("Service Quotas", "CodeBuild's quotas", find(), signal);
    },
  };
}
