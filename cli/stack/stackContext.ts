import { z } from "zod";

import { vaultBucketName } from "../../planning/names.ts";
import { type Pulumi, pulumiClient } from "../../recovery/pulumi/pulumi.ts";
import { settingsIn } from "../../recovery/pulumi/stackSettings.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Settings } from "../../settings/settings.ts";

/** Outputs of a stack that commands work with; index.ts exports them. */
const outputsSchema = z.object({
  vaultBucket: z.string(),
  vaultKeyArn: z.string().optional(),
  auditBucket: z.string().optional(),
  signingKeyArn: z.string(),
  signingPublicKey: z.string(),
  databaseUrl: z.string().optional(),
  supabaseRef: z.string().optional(),
  mirrorUrl: z.string().optional(),
  deployedCommit: z.string().optional(),
  schedule: z
    .object({ name: z.string(), project: z.string(), logGroup: z.string(), missedRunsUrl: z.string() })
    .optional(),
});

/** A deployed stack: its settings, its outputs, and the engine for it. */
export interface StackContext {
  settings: Settings;
  outputs: z.infer<typeof outputsSchema>;
  pulumi: Pulumi;
}

/**
 * Reads a stack from the Pulumi project in the current folder.
 *
 * @throws UserError for an unknown stack, a wrong passphrase, faulty settings, or a stack that has not been deployed
 */
export async function readStack(stack: string, signal?: AbortSignal): Promise<StackContext> {
  const pulumi = pulumiClient({ stack, workspace: process.cwd(), ...(signal && { signal }) });
  const [config, outputs] = await Promise.all([pulumi.config(), pulumi.outputs()]);
  const settings = settingsIn(config, stack);
  const parsed = outputsSchema.safeParse(outputs);
  if (!parsed.success) {
    const missing = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
    throw new UserError(
      `Stack ${stack} is not up: no \`pulumi up\` of it has ended yet (it has no output ${missing}). Run \`pulumi up -s ${stack}\`, again if one failed.`,
    );
  }
  refuseOtherPlace(settings, parsed.data.vaultBucket, stack);
  return { settings, outputs: parsed.data, pulumi };
}

/** Settings of one place and a state of another: the folder, or PULUMI_BACKEND_URL, is not the one that was meant. */
function refuseOtherPlace(settings: Settings, vaultBucket: string, stack: string): void {
  const { project, role, awsAccountId: accountId, awsRegion: region } = settings;
  const expected = vaultBucketName({ project, role, accountId, region });
  if (vaultBucket === expected) return;
  throw new UserError(
    `The settings in ${process.cwd()} mean the vault ${expected}, but in this backend stack ${stack} has ${vaultBucket}. Run the command in the folder of that stack's settings, or correct PULUMI_BACKEND_URL.`,
  );
}

/** The keys whose backups a stack trusts: those that its settings pin, and its own. */
export function trustedKeysOf(context: StackContext): string[] {
  return [...new Set([...context.settings.trustedWriterKeys, context.outputs.signingPublicKey])];
}

/** A variable of the environment that a command can't do without. */
export function requiredVariable(name: string, purpose: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new UserError(`${name} is not set: ${purpose}.`);
  return value;
}
