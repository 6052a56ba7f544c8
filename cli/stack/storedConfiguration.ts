import { readConfiguration, type StoredConfiguration } from "../../recovery/configuration/readConfiguration.ts";
import type { App } from "../../settings/apps.ts";
import { reportLine } from "../terminal/progress.ts";
import { backupsOf } from "./services.ts";
import type { StackContext } from "./stackContext.ts";

/** The configuration in a stack's vault: of a backup by its id, or the newest, completed from older ones. */
export async function storedConfigurationOf(
  context: StackContext,
  backupId: string | undefined,
  signal: AbortSignal,
): Promise<StoredConfiguration> {
  const stored = await readConfiguration({ ...(await backupsOf(context)), backupId, signal });
  for (const sentence of stored.passedOver) reportLine(sentence);
  return stored;
}

/** The part of a backup that holds an app. A standby's vault has backups of the primary, whose project has another name. */
export function partOfApp(configuration: object, { project, peerProject }: App): string {
  const own = `application ${project}`;
  const peer = `application ${peerProject ?? ""}`;
  return !(own in configuration) && peer in configuration ? peer : own;
}
