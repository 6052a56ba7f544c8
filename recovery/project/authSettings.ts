import type { ProjectContent } from "../../services/databaseHost/projectContent.ts";

/** The names of those secrets that are set, sorted. */
export function secretSettings(
  { isSecretSetting }: Pick<ProjectContent, "isSecretSetting">,
  settings: Readonly<Record<string, unknown>>,
): string[] {
  return Object.entries(settings)
    .filter(([name, value]) => isSecretSetting(name) && value !== null && value !== undefined && value !== "")
    .map(([name]) => name)
    .sort();
}

/** The settings without any secret. */
export function plainSettings(
  { isSecretSetting }: Pick<ProjectContent, "isSecretSetting">,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !isSecretSetting(name)));
}
