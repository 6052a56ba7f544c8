import { DescribeSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";

import { type AwsPlace, endedBy, explainedCall, shortCalls } from "./awsCalls.ts";
import { nameOf } from "./awsErrors.ts";

/** A secret in Secrets Manager. */
export interface NamedSecret {
  arn: string;
  /** When its deletion was scheduled, UTC. Until its recovery window ends it can't be used, but its name is taken. */
  deletedAt?: Date;
}

/** Finds resources that AWS addresses by something else than their name. */
export interface AwsNames {
  secret(name: string, signal?: AbortSignal): Promise<NamedSecret | undefined>;
  /** The queue's address. */
  queueUrl(name: string, signal?: AbortSignal): Promise<string | undefined>;
}

const MISSING = new Set(["ResourceNotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"]);

/** Look-ups of one region. Errors of set-up or network are UserErrors of one sentence. */
export function awsNames(place: AwsPlace): AwsNames {
  const found = <T>(service: string, subject: string, answer: Promise<T>, signal?: AbortSignal) =>
    explainedCall(answer.catch(undefinedIfMissing), { ...place, service, subject }, signal);
  return {
    async secret(name, signal) {
      const command = new DescribeSecretCommand({ SecretId: name });
      const answer = new SecretsManagerClient(shortCalls(place)).send(command, endedBy(signal));
      const { ARN: arn, DeletedDate: deletedAt } =
        (await found("Secrets Manager", `the secret "${name}"`, answer, signal)) ?? {};
      return arn === undefined ? undefined : { arn, ...(deletedAt && { deletedAt }) };
    },
    async queueUrl(name, signal) {
      const command = new GetQueueUrlCommand({ QueueName: name });
      const answer = new SQSClient(shortCalls(place)).send(command, endedBy(signal));
      return (await found("SQS", `the queue "${name}"`, answer, signal))?.QueueUrl;
    },
  };
}

function undefinedIfMissing(error: unknown): undefined {
  if (!MISSING.has(nameOf(error))) throw error;
}
