import { z } from "zod";

import { TIERS } from "../../planning/tiers.ts";
import type { BuildSettings } from "../../services/appHost/buildSettings.ts";
import { messageOf } from "../../services/common/errors.ts";
import { APP_BUILD } from "../../settings/appBuild.ts";
import type { Operation } from "../host/index.ts";
import type { RecoveryContext } from "./context.ts";

/** How an app is built: as the settings say, or else as its live project was when a backup was taken. */
export const BUILD_INPUTS = {
  build: APP_BUILD.optional(),
  storedBuild: z
    .strictObject({
      /** The live app's project. */
      projectName: z.string().min(1),
      vaultBucket: z.string().min(1),
      trustedWriterKeys: z.array(z.string().min(1)).min(1),
    })
    .optional(),
};

type BuildInputs = z.infer<z.ZodObject<typeof BUILD_INPUTS>>;

/**
 * The build settings of a deployment. A recovery does not end because no backup has them: the app host then builds as its project says, and a
 * warning says what to set.
 */
export async function buildOf(
  context: RecoveryContext,
  { build, storedBuild: stored }: BuildInputs,
  signal: AbortSignal,
  { report, warn }: Pick<Operation, "report" | "warn">,
): Promise<BuildSettings | undefined> {
  if (build !== undefined || stored === undefined) return build;
  const { projectName, vaultBucket, trustedWriterKeys: trustedKeys } = stored;
  report(`reading how ${projectName} was built from the newest configuration backup`);
  try {
    const { storedBuild } = await import("../../recovery/configuration/storedBuild.ts");
    const vault = context.vault(vaultBucket);
    const source = { vault, trustedKeys, tiers: TIERS, opener: await context.opener(), signal };
    const found = await storedBuild(context.appHost(), projectName, source);
    if (found !== undefined) return found;
    warn(unknownBuild(projectName, "no backup holds its settings"));
  } catch (error) {
    signal.throwIfAborted();
    warn(unknownBuild(projectName, messageOf(error).replace(/\.$/, "")));
  }
  return undefined;
}

function unknownBuild(projectName: string, reason: string): string {
  return `How ${projectName} is built is not known: ${reason}. Set build of the app in castchat-recovery:apps if the deployment does not work.`;
}
