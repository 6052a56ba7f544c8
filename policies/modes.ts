import { generateKeyPairSync } from "node:crypto";

import { type ApartOptions, previewApart } from "../recovery/pulumi/pulumiApart.ts";
import { withEmptyZone } from "./emptyZone.ts";
import type { StackReport } from "./verdict.ts";

/** What a recovery and its drill declare beyond a standby that only stands ready. */
const MODES = [
  { mode: "active", generation: 2 },
  { mode: "drill", generation: 1 },
];
const NAMESPACE = "castchat-recovery";

/**
 * Previews a standby in the modes that its own settings don't have, under the same policies. A mode that is first previewed in an emergency
 * would show a broken policy at the worst time.
 */
export async function previewModes(options: ApartOptions): Promise<StackReport[]> {
  // A mode that restores refuses to run without a trusted writer.
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const writer = publicKey.export({ type: "spki", format: "pem" }) as string;
  return await withEmptyZone((address) =>
    Promise.all(
      MODES.map(async ({ mode, generation }) => {
        const settings = { mode, generation, trustedWriterKeys: [writer], endpointCloudflare: address };
        const named = Object.entries(settings).map(([key, value]) => [`${NAMESPACE}:${key}`, value] as const);
        const report = await previewApart({ ...options, settings: Object.fromEntries<unknown>(named) });
        return { ...report, stack: `${options.stack} in mode ${mode}` };
      }),
    ),
  );
}
