import { Secret } from "@pulumi/aws/secretsmanager/secret.js";
import { SecretVersion } from "@pulumi/aws/secretsmanager/secretVersion.js";
import * as pulumi from "@pulumi/pulumi";

import { runnerSecretName, type Site } from "../planning/names.ts";
import {
  NO_TOKEN,
  RUNNER_DATABASE_SECRET,
  type RunnerToken,
  TOKEN_SERVICES,
  type TokenService,
} from "../settings/runnerSettings.ts";

/** What the secrets of a site's runs hold at first. */
interface RunnerSecretsArgs {
  readonly site: Site;
  /** The key that encrypts them. */
  readonly kmsKeyId: pulumi.Input<string>;
  /** Secret. */
  readonly databaseUrl: pulumi.Input<string>;
  /** Secret. */
  readonly tokens: Readonly<Partial<Record<RunnerToken, pulumi.Input<string>>>>;
  readonly tagged: { readonly tags?: Record<string, string> };
}

/** A build's variable that is read from a secret when the build starts. */
export interface SecretVariable {
  readonly name: string;
  readonly type: "SECRETS_MANAGER";
  /** The secret, and the key in it. */
  readonly value: pulumi.Output<string>;
}

/** A secret with one value under one key. */
interface BuildSecretArgs {
  readonly secretName: string;
  readonly description: string;
  /** The key that encrypts it. @default - AWS's own for secrets */
  readonly kmsKeyId?: pulumi.Input<string> | undefined;
  /** The build's variable, which is also the key in the secret. */
  readonly variable: string;
  /** Secret. */
  readonly value: pulumi.Input<string>;
  readonly tagged: { readonly tags?: Record<string, string> };
}

/** Declares a secret of a build with its value, and returns the build's variable for it. */
export function buildSecret(
  name: string,
  { secretName, description, kmsKeyId, variable, value, tagged }: BuildSecretArgs,
  child: pulumi.CustomResourceOptions,
  ofValue: pulumi.CustomResourceOptions = child,
): SecretVariable {
  const secret = new Secret(
    name,
    {
      name: secretName,
      description,
      ...(kmsKeyId !== undefined && { kmsKeyId }),
      // Everything in it exists elsewhere. A recovery window would only block its name for the next `up`.
      recoveryWindowInDays: 0,
      ...tagged,
    },
    child,
  );
  const secretString = pulumi.secret(value).apply((one) => JSON.stringify({ [variable]: one }));
  const stored = new SecretVersion(`${name}-value`, { secretId: secret.arn, secretString }, ofValue);
  return { name: variable, type: "SECRETS_MANAGER", value: pulumi.interpolate`${stored.secretId}:${variable}` };
}

/**
 * Declares the secrets of a site's runs: one of the database, and one of each service, so that each can be replaced without the others. The
 * database's follows the stack. A service's has a value from here only until `castchat-recovery schedule rotate` writes another, with its expiry
 * beside it: from then on an `up` never puts its own value back.
 *
 * @returns the build's variables for them
 */
export function runnerSecrets(
  name: string,
  { site, kmsKeyId, databaseUrl, tokens, tagged }: RunnerSecretsArgs,
  child: pulumi.CustomResourceOptions,
): SecretVariable[] {
  const declare = (
    part: TokenService | "database",
    variable: string,
    value: pulumi.Input<string>,
    opts: pulumi.CustomResourceOptions,
  ): SecretVariable => {
    const description = `What a scheduled backup reads ${part === "database" ? "the database" : `its settings at ${part}`} with`;
    const secretName = runnerSecretName(site, part);
    return buildSecret(
      `${name}-secret-${part}`,
      { secretName, description, kmsKeyId, variable, value, tagged },
      child,
      opts,
    );
  };
  const services = Object.entries(TOKEN_SERVICES) as [TokenService, RunnerToken][];
  return [
    declare("database", RUNNER_DATABASE_SECRET, databaseUrl, child),
    ...services.map(([service, variable]) =>
      declare(service, variable, tokens[variable] ?? NO_TOKEN, { ...child, ignoreChanges: ["secretString"] }),
    ),
  ];
}
