import * as pulumi from "@pulumi/pulumi";

import { SECRET_SETTINGS } from "../../settings/schema.ts";
import type { StandbySettings } from "../../settings/settings.ts";

/**
 * Warns of the failed checks of `castchat-recovery doctor` while a recovery or a drill begins. No resource waits for it, and an error of it is a
 * line of information. The preview of a drill warns, too; that of a recovery is not kept waiting.
 */
export async function warnOfFailedChecks(settings: StandbySettings, opts: pulumi.InvokeOptions): Promise<void> {
  const { mode } = settings;
  if (mode === "standby" || (mode === "active" && pulumi.runtime.isDryRun())) return;
  try {
    const asked = { settings: withoutSecrets(settings) };
    const answer = (await pulumi.runtime.invoke("recovery:index:examination", asked, opts)) as { warning?: string };
    const { warning = "" } = answer;
    if (warning !== "") await pulumi.log.warn(warning);
  } catch (error) {
    await pulumi.log.info(`The stack could not be examined beforehand: ${(error as Error).message}`);
  }
}

/** The settings as JSON. What has to be known of a secret one is only that it is set. */
function withoutSecrets(settings: StandbySettings): string {
  return JSON.stringify(settings, (key, value: unknown) =>
    value === undefined ? undefined : (SECRET_SETTINGS.get(key)?.standIn ?? value),
  );
}
