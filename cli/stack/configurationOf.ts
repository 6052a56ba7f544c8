import {
  collectConfiguration,
  type ConfigurationBackup,
  type StoredSource,
} from "../../recovery/configuration/configuration.ts";
import { sealedNamesOf } from "../../recovery/environment/sealedNames.ts";
import { ownSource, tarOf } from "../../runner/ownSource.ts";
import { systemClock } from "../../services/common/clock.ts";
import { sourcesOf } from "../../settings/repositories.ts";
import { backupsOf, portsOf } from "./services.ts";
import type { StackContext } from "./stackContext.ts";

/**
 * The configuration of a stack as it is now, including Pulumi's state.
 *
 * @param withValues with the values that the app host shows, which are secret
 * @param withSource with this checkout's files; else only with the commit that the stack was deployed from
 */
export async function configurationOf(
  context: StackContext,
  signal: AbortSignal,
  withValues: boolean,
  withSource = false,
): Promise<ConfigurationBackup> {
  const { settings, outputs, pulumi } = context;
  const { zoneName } = settings;
  const { appNames, ...sources } = sourcesOf(settings);
  const source = { ...(await backupsOf(context)), clock: systemClock, signal };
  const collected = await collectConfiguration(
    { ...portsOf(settings), clock: systemClock },
    {
      ...sources,
      zoneName,
      supabaseRef: outputs.supabaseRef,
      readState: async () => JSON.parse(await pulumi.exportState()) as unknown,
      sealedNames: (project) => sealedNamesOf(source, appNames?.[project]),
      ...(withSource && { readSource: () => Promise.resolve().then(checkedOut) }),
    },
    signal,
    withValues,
  );
  const { deployedCommit: commit } = outputs;
  return withSource || commit === undefined ? collected : { ...collected, source: { commit } };
}

function checkedOut(): StoredSource {
  const own = ownSource();
  return { commit: own.commit, tar: tarOf(own) };
}
