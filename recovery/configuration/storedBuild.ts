import { z } from "zod";

import type { AppHost } from "../../services/appHost/appHost.ts";
import type { BuildSettings } from "../../services/appHost/buildSettings.ts";
import { readConfiguration, type ReadConfigurationOptions } from "./readConfiguration.ts";

const applicationPart = z.object({ settings: z.record(z.string(), z.unknown()) });

/**
 * How the app host built an app when the newest configuration backup that has it was taken; undefined if no backup has the app.
 *
 * @throws UserError if no proven backup holds a configuration, or one cannot be opened
 */
export async function storedBuild(
  appHost: Pick<AppHost, "buildSettingsIn">,
  project: string,
  options: Omit<ReadConfigurationOptions, "backupId">,
): Promise<BuildSettings | undefined> {
  const { configuration } = await readConfiguration(options);
  const parts = z.record(z.string(), z.unknown()).parse(configuration);
  // Backups of one app had a part without a name.
  const part = applicationPart.safeParse(parts[`application ${project}`] ?? parts["application"]).data;
  return part && appHost.buildSettingsIn(part.settings);
}
