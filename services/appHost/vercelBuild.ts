import { z } from "zod";

import type { BuildSettings } from "./buildSettings.ts";

/** A text that Vercel may leave out, or write as null where it decides by itself. */
export const setting = z.string().nullish();

/** Build settings that a project calls by the same names. */
export const BUILD_FIELDS = [
  "framework",
  "rootDirectory",
  "buildCommand",
  "installCommand",
  "outputDirectory",
  "devCommand",
  "nodeVersion",
] as const satisfies readonly (keyof BuildSettings)[];

const places = z.object({ functionDefaultRegions: z.array(z.string()).nullish() }).nullish();

/**
 * How a project is built, as its answers have it (https://vercel.com/docs/rest-api/projects/find-a-project-by-id-or-name). Its functions' regions are in
 * `resourceConfig`; answers of lists have one in `serverlessFunctionRegion`, and those without a setting in `defaultResourceConfig`.
 */
export const projectBuild = z
  .object({
    ...(Object.fromEntries(BUILD_FIELDS.map((key) => [key, setting])) as Record<
      (typeof BUILD_FIELDS)[number],
      typeof setting
    >),
    serverlessFunctionRegion: setting,
    resourceConfig: places,
    defaultResourceConfig: places,
  })
  .transform(({ serverlessFunctionRegion: older, resourceConfig: own, defaultResourceConfig: standard, ...texts }) => ({
    /** Without the functions' region. */
    settings: withoutUnset(texts),
    ownRegions: own?.functionDefaultRegions ?? [],
    olderRegion: older ?? undefined,
    standardRegions: standard?.functionDefaultRegions ?? [],
  }));

/** The build settings with the first of these regions, if there is one. */
export function buildIn(settings: BuildSettings, regions: readonly (string | undefined)[]): BuildSettings {
  return withoutUnset({ ...settings, functionRegion: regions.find((one) => one !== undefined) });
}

function withoutUnset(values: Readonly<Record<string, string | null | undefined>>): BuildSettings {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === "string"));
}

/** A project's Git link. The code hosts differ in the fields' names. */
export const projectLink = z.object({
  type: z.string(),
  org: setting,
  repo: setting,
  owner: setting,
  slug: setting,
  projectNamespace: setting,
  projectName: setting,
  productionBranch: setting,
});
