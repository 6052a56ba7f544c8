import { isDeepStrictEqual } from "node:util";

import { z } from "zod";

import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost } from "./appHost.ts";
import type { BuildSettings } from "./buildSettings.ts";
import { BUILD_FIELDS, buildIn, projectBuild } from "./vercelBuild.ts";
import { projectPath } from "./vercelProjects.ts";

const settingsAnswer = z.looseObject({
  resourceConfig: z.looseObject({ functionDefaultRegions: z.array(z.string()).nullish() }).nullish(),
});

/**
 * Gives a project the settings that the next deployment needs: the app's build settings, and Vercel's system variables, from which a deployment
 * learns its own id. Only settings that differ are sent. Pulumi's provider is not used: to change one setting, it sends almost all of them.
 * Returns the app's folder in its repository, "" for the whole.
 */
export async function prepareProject(
  call: JsonClient,
  projectId: string,
  build: BuildSettings = {},
  signal?: AbortSignal,
): Promise<{ rootDirectory: string }> {
  const path = projectPath(projectId);
  const found = await call({ method: "GET", path, answer: settingsAnswer, signal });
  const { functionRegion, ...settings } = build;
  const regions = functionRegion === undefined ? undefined : [functionRegion];
  const wanted: Record<string, unknown> = { ...settings, autoExposeSystemEnvs: true };
  const body = {
    ...Object.fromEntries(
      Object.entries(wanted).filter(([key, value]) => value !== undefined && !isDeepStrictEqual(found[key], value)),
    ),
    ...(regions !== undefined &&
      !isDeepStrictEqual(found.resourceConfig?.functionDefaultRegions, regions) && {
        resourceConfig: { functionDefaultRegions: regions },
      }),
  };
  if (Object.keys(body).length > 0) await call({ method: "PATCH", path, body, answer: z.unknown(), signal });
  return { rootDirectory: build.rootDirectory ?? buildSettingsIn(found).rootDirectory ?? "" };
}

/** The build settings in a project's answer. A project whose functions run in several regions names the first. */
export function buildSettingsIn(exported: Readonly<Record<string, unknown>>): BuildSettings {
  const read = projectBuild.safeParse(exported).data;
  return read === undefined ? {} : buildIn(read.settings, read.ownRegions);
}

/**
 * What a project's own form shows and no one sets: what belongs to deployments, counts, times, and what follows from the team. The same settings
 * give other values there after each deployment.
 */
const STATUS_FIELDS: ReadonlySet<string> = new Set([
  ...["accountId", "alias", "analytics", "autoAssignCustomDomainsUpdatedBy", "createdAt", "creator", "crons", "env"],
  ...["defaultResourceConfig", "expiration", "hasActiveBranches", "hasDeployments", "id", "jobs", "lastAliasRequest"],
  ...["lastRollbackTarget", "latestDeployments", "live", "permissions", "rollbackDescription", "targets", "tier"],
  ...["transferCompletedAt", "transferStartedAt", "transferToAccountId", "transferredFromAccountId", "updatedAt"],
  ...["usageStatus", "abuse", "internalRoutes", "dismissedToasts", "skewProtectionBoundaryAt", "paused"],
]);

/**
 * What Vercel takes from a client of a project's settings (https://vercel.com/docs/rest-api/projects/update-an-existing-project). Left out: the name,
 * which addresses follow from; passwords and bypasses, which Vercel does not show; and whether new deployments get the domains, which a rollback sets.
 */
const WRITABLE_FIELDS: ReadonlySet<string> = new Set([
  ...BUILD_FIELDS,
  ...["autoExposeSystemEnvs", "commandForIgnoringBuildStep", "customerSupportCodeVisibility", "directoryListing"],
  ...["enableAffectedProjectsDeployments", "enablePreviewFeedback", "enableProductionFeedback", "gitForkProtection"],
  ...["gitLFS", "productionDeploymentsFastLane", "protectedSourcemaps", "resourceConfig", "skewProtectionMaxAge"],
  ...["sourceFilesOutsideRootDirectory", "ssoProtection", "serverlessFunctionZeroConfigFailover", "trustedIps"],
]);

/** Puts settings back into a project, and says which can be. */
export function vercelSettings(call: JsonClient): Pick<AppHost, "statusFields" | "writableFields" | "changeProject"> {
  return {
    statusFields: STATUS_FIELDS,
    writableFields: WRITABLE_FIELDS,
    changeProject: async (projectId, settings, signal) => {
      await call({ method: "PATCH", path: projectPath(projectId), body: settings, answer: z.unknown(), signal });
    },
  };
}
