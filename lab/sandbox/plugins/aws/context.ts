import { CodeBuild } from "@aws-sdk/client-codebuild";
import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";
import { z } from "zod";

import { UserError } from "../../../../services/common/errors.ts";
import { JsonService } from "../../aws/jsonService.ts";
import { localAddress } from "../address.ts";
import { explained } from "./explain.ts";

/** The services that the plugin calls; each needs its own entry in the provider's `endpoints`. */
type Service =
  "s3" | "kms" | "iam" | "sts" | "secretsmanager" | "cloudtrail" | "codebuild" | "scheduler" | "logs" | "sqs";

/** The provider's configuration, with names and meanings of @pulumi/aws. */
export const awsConfig = z.object({
  region: z.string().optional(),
  accessKey: z.string().optional(),
  secretKey: z.string().optional(),
  token: z.string().optional(),
  endpoints: z.array(z.record(z.string(), z.string())).default([]),
  allowedAccountIds: z.array(z.string()).optional(),
  defaultTags: z.strictObject({ tags: z.record(z.string(), z.string()).optional() }).optional(),
  maxRetries: z.number().int().optional(),
  // These only have an effect on real AWS. Here the endpoints decide, and the identity is always checked.
  s3UsePathStyle: z.boolean().optional(),
  skipCredentialsValidation: z.boolean().optional(),
  skipMetadataApiCheck: z.boolean().optional(),
  skipRegionValidation: z.boolean().optional(),
  skipRequestingAccountId: z.boolean().optional(),
});

/** The resources' clients, one for each service, all of one region and account. */
export interface AwsContext {
  region: string;
  accountId: string;
  callerArn: string;
  userId: string;
  defaultTags: Readonly<Record<string, string>>;
  s3: S3;
  kms: KMS;
  iam: IAM;
  secrets: SecretsManager;
  codebuild: CodeBuild;
  scheduler: Scheduler;
  sqs: SQS;
  cloudtrail: JsonService;
  logs: JsonService;
}

/**
 * Connects to the services' endpoints and checks the credentials' identity.
 *
 * @throws UserError without region, credentials or endpoints, or when the account is not an allowed one
 */
export async function connect(
  config: z.infer<typeof awsConfig>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<AwsContext> {
  const region = config.region ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"];
  if (region === undefined) throw new UserError("Set aws:region, or AWS_REGION in the environment.");
  const endpoints = Object.assign({}, ...config.endpoints) as Partial<Record<Service, string>>;
  const options = (service: Service) => ({
    region,
    credentials: credentialsOf(config, environment),
    endpoint: localAddress(endpoints[service], `aws endpoints[0].${service}`),
    maxAttempts: config.maxRetries ?? 3,
    // A Ctrl-C doesn't cut off changes, because it would be open whether they were made; they end by themselves.
    requestHandler: { requestTimeout: 60_000, connectionTimeout: 5_000 },
  });
  const caller = await explained("asking AWS STS who the credentials belong to", () =>
    new STS(options("sts")).getCallerIdentity({}),
  );
  const accountId = caller.Account ?? "";
  if (config.allowedAccountIds !== undefined && !config.allowedAccountIds.includes(accountId)) {
    throw new UserError(
      `AWS account ${accountId} is not one of the allowed accounts (${config.allowedAccountIds.join(", ")}). Use other credentials, or correct allowedAccountIds.`,
    );
  }
  return {
    region,
    accountId,
    callerArn: caller.Arn ?? "",
    userId: caller.UserId ?? "",
    defaultTags: config.defaultTags?.tags ?? {},
    s3: new S3({ ...options("s3"), forcePathStyle: true }),
    kms: new KMS(options("kms")),
    iam: new IAM(options("iam")),
    secrets: new SecretsManager(options("secretsmanager")),
    codebuild: new CodeBuild(options("codebuild")),
    scheduler: new Scheduler(options("scheduler")),
    sqs: new SQS(options("sqs")),
    cloudtrail: new JsonService({
      ...options("cloudtrail"),
      service: "cloudtrail",
      target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.",
    }),
    logs: new JsonService({ ...options("logs"), service: "logs", target: "Logs_20140328." }),
  };
}

function credentialsOf(config: z.infer<typeof awsConfig>, environment: NodeJS.ProcessEnv) {
  const accessKeyId = config.accessKey ?? environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = config.secretKey ?? environment["AWS_SECRET_ACCESS_KEY"];
  const sessionToken = config.token ?? environment["AWS_SESSION_TOKEN"];
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new UserError("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.");
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
