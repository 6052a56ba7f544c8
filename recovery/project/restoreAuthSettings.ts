import { isDeepStrictEqual } from "node:util";

import type { ProjectContent } from "../../services/databaseHost/projectContent.ts";
import { unlessRefused } from "../../services/http/contentRequest.ts";
import type { ProjectPart } from "../vault/projectPart.ts";
import { plainSettings, secretSettings } from "./authSettings.ts";

/**
 * Applies a backup's settings to the auth service, as far as it accepts them. Secrets are never among them. Can be run again.
 *
 * @returns how many settings were changed, the names of those that the service refuses, and what is to be done by hand, in sentences
 */
export async function restoreAuthSettings(
  project: ProjectContent,
  { authSettings: saved = {}, secretAuthSettings: secrets }: ProjectPart,
  signal: AbortSignal,
): Promise<{ changed: number; refused: string[]; notes: string[] }> {
  // Older backups hold placeholders of the secrets.
  const [wanted, toBeSet] = [plainSettings(project, saved), secrets ?? secretSettings(project, saved)];
  const notes =
    toBeSet.length === 0
      ? []
      : [`The platform never returns secrets of the auth service. Set ${toBeSet.join(", ")} again in the project.`];
  const differing = (now: Record<string, unknown>) =>
    Object.entries(wanted).filter(([name, value]) => !isDeepStrictEqual(now[name] ?? null, value ?? null));
  const changes = differing(await project.authSettings(signal));
  if (changes.length === 0) return { changed: 0, refused: [], notes };
  await changeAuthSettings(project, changes, signal);
  const refused = differing(await project.authSettings(signal)).map(([name]) => name);
  return { changed: changes.length - refused.length, refused, notes };
}

/**
 * Changes all settings at once, and one by one if the service refuses that: a setting that needs another plan, or a provider that needs its
 * secret first, must not block the others. The caller sees which ones the service did not accept.
 */
async function changeAuthSettings(
  project: ProjectContent,
  changes: readonly [string, unknown][],
  signal: AbortSignal,
): Promise<void> {
  const change = (some: readonly [string, unknown][]) =>
    unlessRefused(() => project.setAuthSettings(Object.fromEntries(some), signal));
  if (await change(changes)) return;
  for (const one of changes) await change([one]);
}
