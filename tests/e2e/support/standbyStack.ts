import { KMS } from "@aws-sdk/client-kms";

import type { EngineOptions } from "../../../lab/drills/stage/stacks.ts";
import { addressOf, REGIONS, type SandboxFile } from "../../../lab/sandbox/host/layout.ts";
import { pulumi } from "./commands.ts";

/**
 * Creates stack dr, whose secrets a key of its own region seals. Each run of the engine that meets a secret then takes 0.3 s of CPU less than
 * with a passphrase. Returns the engine's options with the address of the key service.
 */
export async function createStandbyStack(engine: EngineOptions, file: SandboxFile): Promise<EngineOptions> {
  const region = REGIONS.standby;
  const endpoint = addressOf(file.ports, "awsStandby");
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = file.credentials;
  const kms = new KMS({ region, endpoint, credentials: { accessKeyId, secretAccessKey } });
  const { KeyMetadata: key } = await kms.createKey({ Description: "secrets of stack dr" });
  const reaching = { ...engine, environment: { ...engine.environment, AWS_ENDPOINT_URL_KMS: endpoint } };
  const provider = `awskms:///${key?.KeyId ?? ""}?region=${region}&awssdk=v2`;
  const made = await pulumi(["stack", "init", "dr", "--secrets-provider", provider], reaching);
  if (made.exitCode !== 0) throw new Error(made.output);
  return reaching;
}
