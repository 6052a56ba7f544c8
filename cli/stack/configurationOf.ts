import { collectConfiguration, type ConfigurationBackup } from "../../recovery/configuration/configuration.ts";
import { sealedNamesOf } from "../../recovery/environment/sealedNames.ts";
import { systemClock } from "../../services/common/clock.ts";
import { sourcesOf } from "../../settings/repositories.ts";
import { backupsOf, portsOf } from "./services.ts";
import type { StackContext } from "./stackContext.ts";

/**
 * The configuration of a stack as it is now, including Pulumi's state.
 *
 * @param withValues with the values that the app host shows, which are secret
 */
export async function configurationOf(
  context: StackContext,
  signal: AbortSignal,
  withValues: boolean,
): Promise<ConfigurationBackup> {
  const { settings, outputs, pulumi } = context;
  const { zoneName } = settings;
  const { appNames, ...sources } = sourcesOf(settings);
  const source = { ...(await backupsOf(context)), clock: systemClock, signal };
  return await collectConfiguration(
    { ...portsOf(settings), clock: systemClock },
    {
      ...sources,
      zoneName,
      supabaseRef: outputs.supabaseRef,
      readState: async () => JSON.parse(await pulumi.exportState()) as unknown,
      sealedNames: (project) => sealedNamesOf(source, appNames?.[project]),
    },
    signal,
    withValues,
  );
}
