import { brokenPromises } from "../../recovery/plan/brokenPromises.ts";
import type { Registration } from "../../recovery/pulumi/pulumiResources.ts";
import { settingsIn } from "../../recovery/pulumi/stackSettings.ts";

/** What a stack's program registers, with the stack's configuration. */
export type RecordedStack = Registration & { readonly stack: string };

/**
 * The primary and its standby must keep every promise about backups on every day to come, as `castchat-recovery plan` proves it. The other
 * policies look at one resource each; this rule looks at what they make together.
 *
 * @param firstDay number of the first day
 */
export function keepEveryPromise(stacks: readonly RecordedStack[], firstDay: number): string[] {
  const declared = stacks.map(({ stack, config, resources }) => ({
    stack,
    settings: settingsIn(config, stack),
    resources,
  }));
  const [primary, standby] = ["primary", "standby"].map((role) =>
    declared.find(({ settings }) => settings.role === role),
  );
  if (primary === undefined || standby === undefined)
    return ["There must be a primary and a standby; set role in their stack files."];
  return brokenPromises(primary, standby, firstDay);
}
