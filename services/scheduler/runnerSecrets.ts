import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { z } from "zod";

import { type AwsPlace, endedBy, explainedCall, shortCalls } from "../aws/awsCalls.ts";
import { nameOf } from "../aws/awsErrors.ts";
import { UserError } from "../common/errors.ts";

/** A token of the scheduled runs, as their secret has it. */
export interface RunnerSecret {
  /** Undefined if the runs have none. */
  readonly token: string | undefined;
  /** When the service ends the token; undefined if it was not known when the token was set. */
  readonly expiresAt: Date | "never" | undefined;
  /** Since when the secret has this value. */
  readonly setAt: Date | undefined;
}

/** The secrets that the scheduled runs read their tokens from, by name. Errors of set-up or network are UserErrors. */
export interface RunnerSecrets {
  /** Undefined if there is no such secret, or if it has no value. */
  read(name: string, signal?: AbortSignal): Promise<RunnerSecret | undefined>;
  /** Sets the value that the next run gets. UserError if there is no such secret. */
  write(name: string, secret: Omit<RunnerSecret, "setAt">, signal?: AbortSignal): Promise<void>;
}

/** Where AWS is, and the form of the secrets. */
export interface RunnerSecretsOptions extends AwsPlace {
  /** The token's key in the secret's JSON, by the secret's name. */
  readonly keyOf: (name: string) => string;
  /** The token of a secret that has none. */
  readonly none: string;
}

const MISSING = "ResourceNotFoundException";
const value = z.looseObject({ expiresAt: z.union([z.literal("never"), z.iso.datetime()]).optional() });

/** The runs' secrets in AWS Secrets Manager. The expiry is beside the token in one value, so that both change together. */
export function awsRunnerSecrets(options: RunnerSecretsOptions): RunnerSecrets {
  const { region, endpoint, keyOf, none } = options;
  const client = new SecretsManagerClient(shortCalls(options));
  const asked = <T>(name: string, answer: Promise<T>, signal?: AbortSignal): Promise<T> =>
    explainedCall(answer, { service: "Secrets Manager", region, endpoint, subject: `the secret "${name}"` }, signal);
  return {
    async read(name, signal) {
      const sent = client.send(new GetSecretValueCommand({ SecretId: name }), endedBy(signal));
      const found = await asked(name, sent.catch(undefinedIfMissing), signal);
      if (found?.SecretString === undefined) return undefined;
      const { expiresAt, ...rest } = value.parse(JSON.parse(found.SecretString));
      const token = rest[keyOf(name)];
      return {
        token: typeof token === "string" && token !== none ? token : undefined,
        expiresAt: expiresAt === undefined || expiresAt === "never" ? expiresAt : new Date(expiresAt),
        setAt: found.CreatedDate,
      };
    },
    async write(name, { token = none, expiresAt }, signal) {
      const until = expiresAt instanceof Date ? expiresAt.toISOString() : expiresAt;
      const SecretString = JSON.stringify({ [keyOf(name)]: token, expiresAt: until });
      const sent = client.send(new PutSecretValueCommand({ SecretId: name, SecretString }), endedBy(signal));
      if ((await asked(name, sent.catch(undefinedIfMissing), signal)) === undefined)
        throw new UserError(
          `There is no secret "${name}" in ${region}: this version's \`pulumi up\` of the stack creates it. Run that first.`,
        );
    },
  };
}

function undefinedIfMissing(error: unknown): undefined {
  if (nameOf(error) !== MISSING) throw error;
}
