import { STSClient } from "@aws-sdk/client-sts";
import { z } from "zod";

import { explainAwsError } from "./awsErrors.ts";
import { JsonService } from "./awsJson.ts";

/** A secret as Secrets Manager has it. */
export interface NamedSecret {
  arn: string;
  /** When somebody marked it for deletion, UTC: until its recovery window ends, it is no use but keeps its name. */
  deletedAt?: Date;
}

/** Finds what AWS addresses otherwise than by the name that it was made under. */
export interface AwsNames {
  secret(name: string, signal?: AbortSignal): Promise<NamedSecret | undefined>;
  /** The queue's address. */
  queueUrl(name: string, signal?: AbortSignal): Promise<string | undefined>;
}

/** Where AWS is. Credentials come from the environment. */
export interface AwsNamesOptions {
  region: string;
  /** Only where it isn't AWS's own. */
  endpoint?: string | undefined;
}

const MISSING = new Set(["ResourceNotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"]);
const secretAnswer = z.object({ ARN: z.string(), DeletedDate: z.number().nullish() });
const queueAnswer = z.object({ QueueUrl: z.string() });

/** Look-ups of one region. Errors of set-up or network are UserErrors of one sentence. */
export function awsNames({ region, endpoint }: AwsNamesOptions): AwsNames {
  const ask = async (
    to: { service: string; target: string; version?: "1.0" | "1.1"; subject: string },
    [operation, input]: [string, object],
    signal?: AbortSignal,
  ): Promise<unknown> => {
    const { service, target, version, subject } = to;
    try {
      const credentials = await new STSClient({ region }).config.credentials();
      const address = endpoint ?? `https://${service}.${region}.amazonaws.com`;
      const json = new JsonService({
        service,
        target,
        region,
        endpoint: address,
        credentials,
        ...(version && { version }),
      });
      return await json.call<unknown>(operation, input, signal);
    } catch (error) {
      if (error instanceof Error && MISSING.has(error.name)) return undefined;
      throw explainAwsError(error, { service, region, endpoint, subject });
    }
  };
  return {
    async secret(name, signal) {
      const to = { service: "secretsmanager", target: "secretsmanager.", subject: `the secret "${name}"` };
      const answer = await ask(to, ["DescribeSecret", { SecretId: name }], signal);
      if (answer === undefined) return undefined;
      const { ARN: arn, DeletedDate: deleted } = secretAnswer.parse(answer);
      return { arn, ...(typeof deleted === "number" && { deletedAt: new Date(deleted * 1000) }) };
    },
    async queueUrl(name, signal) {
      const to = { service: "sqs", target: "AmazonSQS.", version: "1.0" as const, subject: `the queue "${name}"` };
      const answer = await ask(to, ["GetQueueUrl", { QueueName: name }], signal);
      return answer === undefined ? undefined : queueAnswer.parse(answer).QueueUrl;
    },
  };
}
