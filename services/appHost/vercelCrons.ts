import { z } from "zod";

import { type JsonClient, parseJson } from "../http/jsonClient.ts";
import type { AppHost } from "./appHost.ts";
import { projectPath } from "./vercelProjects.ts";

/** The configuration that names scheduled calls, in a project's root directory (https://vercel.com/docs/cron-jobs). */
export const CONFIGURATION = "vercel.json";

/**
 * The scheduled calls of Vercel's projects. Vercel makes those of every project's production deployment by itself, and turns them on with the
 * first deployment that has some (field `crons.enabledAt` of https://vercel.com/docs/rest-api/projects/find-a-project-by-id-or-name). The switch
 * is that of the dashboard (https://vercel.com/docs/cron-jobs/manage-cron-jobs). The path is not in the API's description; Vercel's own provider
 * uses it (terraform-provider-vercel v5.4.1, client/project_crons.go).
 */
export function vercelCrons(call: JsonClient): Pick<AppHost, "allowScheduledCalls"> {
  return {
    allowScheduledCalls: async (projectId, allowed, signal) => {
      const path = `${projectPath(projectId, "v1")}/crons`;
      const body = { enabled: allowed };
      await call({ method: "PATCH", path, body, answer: z.unknown(), repeatable: true, signal });
    },
  };
}

/** The configuration without scheduled calls; undefined if it has none, or is not the JSON that Vercel reads. */
export function withoutCrons(content: string): string | undefined {
  const parsed = z.record(z.string(), z.unknown()).safeParse(parseJson(content)).data;
  if (parsed?.["crons"] === undefined) return undefined;
  const others = Object.entries(parsed).filter(([key]) => key !== "crons");
  return `${JSON.stringify(Object.fromEntries(others), undefined, 2)}\n`;
}
