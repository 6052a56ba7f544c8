import type { App } from "../settings/apps.ts";
import { fold, mirroredRepositories, type RepositorySettings } from "../settings/repositories.ts";
import type { ApplicationRelease } from "./application.ts";

/** Where a recovery reads an app's code: its mirror on GitHub, then the one on GitLab. */
export function mirrorsOf(
  app: App,
  settings: RepositorySettings,
): Pick<ApplicationRelease, "sourceUrl" | "fallbackUrls"> {
  const mirrored = mirroredRepositories(settings).find(({ repository }) => fold(repository) === fold(app.repository));
  const [sourceUrl = "", ...fallbackUrls] = (mirrored?.mirrors ?? []).map(({ url }) => url);
  return { sourceUrl, ...(fallbackUrls.length > 0 && { fallbackUrls }) };
}
