import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { SecretsManager } from "@aws-sdk/client-secrets-manager";

import type { BuildOrder } from "./order.ts";

/** The variables of a build, and which of their values must be masked. */
export interface BuildEnvironment {
  variables: Record<string, string>;
  secrets: string[];
}

/**
 * The environment of a build's commands: the project's variables, with the secrets that its role may read; its role's session; and a PATH
 * with Node, the PostgreSQL client and the system's own programs. Nothing comes from the sandbox's own environment.
 */
export async function environmentOf(order: BuildOrder, folder: string): Promise<BuildEnvironment> {
  const { credentials, region, id } = order;
  const declared: [string, string][] = [];
  const secrets: string[] = [];
  for (const { name, type, value } of order.project.environment.environmentVariables) {
    const actual = type === "SECRETS_MANAGER" ? await secretValue(order, value) : value;
    if (type === "SECRETS_MANAGER") secrets.push(actual);
    declared.push([name, actual]);
  }
  return {
    secrets,
    variables: {
      ...Object.fromEntries(declared),
      PATH: buildPath(process.env["PATH"] ?? ""),
      HOME: folder,
      TMPDIR: folder,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
      AWS_EC2_METADATA_DISABLED: "true",
      CODEBUILD_BUILD_ID: id,
    },
  };
}

/** The value of `SECRET[:KEY[:STAGE[:VERSION]]]`; the secret may be an ARN. */
async function secretValue({ region, endpoint, credentials }: BuildOrder, reference: string): Promise<string> {
  const parts = reference.split(":");
  const length = reference.startsWith("arn:") ? 7 : 1;
  const [SecretId, [key, VersionStage, VersionId]] = [parts.slice(0, length).join(":"), parts.slice(length)];
  const client = new SecretsManager({ region, endpoint, credentials });
  const { SecretString = "" } = await client.getSecretValue({
    SecretId,
    ...(VersionStage && { VersionStage }),
    ...(VersionId && { VersionId }),
  });
  if (!key) return SecretString;
  const value = (JSON.parse(SecretString) as Record<string, unknown>)[key];
  if (typeof value !== "string") throw new Error(`the secret ${SecretId} has no key ${key}`);
  return value;
}

/** The folders of Node and the PostgreSQL client, as in an image, before the system's. */
function buildPath(path: string): string {
  const client = path.split(delimiter).find((folder) => existsSync(join(folder, "pg_dump")));
  return [dirname(process.execPath), ...(client === undefined ? [] : [client]), "/usr/bin", "/bin"].join(delimiter);
}
