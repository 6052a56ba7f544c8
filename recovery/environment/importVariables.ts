import { randomBytes } from "node:crypto";

import { backup, type BackupOptions, type BackupResult } from "../backup/backup.ts";
import { ENVIRONMENT_FORMAT, type SealedVariable } from "../vault/environmentPart.ts";
import { contentOf, findEnvironment } from "./storedEnvironment.ts";

/** Which variables are sealed, and where. */
export interface ImportOptions extends Omit<BackupOptions, "kind" | "environment" | "databaseUrl"> {
  trustedKeys: readonly string[];
  /** The app's name in the settings; undefined for the app without a name. */
  app: string | undefined;
  variables: readonly SealedVariable[];
}

/**
 * Seals an app's variables, in place of those before them, as a proven backup. Where the identity is at hand, the same variables are not
 * stored a second time; without it they are, which does no harm.
 *
 * @returns undefined if the newest sealed ones are the same
 */
export async function importVariables(options: ImportOptions): Promise<BackupResult | undefined> {
  const { app, opener, clock } = options;
  const variables = [...options.variables].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  if (opener !== undefined) {
    const { backup: newest } = await findEnvironment(options, app);
    const content = newest && (await contentOf(options, newest));
    if (content !== undefined && JSON.stringify(content.variables) === JSON.stringify(variables)) return undefined;
  }
  const environment = {
    format: ENVIRONMENT_FORMAT as typeof ENVIRONMENT_FORMAT,
    ...(app !== undefined && { app }),
    takenAt: clock().toISOString(),
    digestKey: randomBytes(32).toString("base64"),
    variables,
  };
  return await backup({ ...options, kind: "environment", environment });
}

function orderOf({ key, targets }: SealedVariable): string {
  return `${key} ${targets.join()}`;
}
