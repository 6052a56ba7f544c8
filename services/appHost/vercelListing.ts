import { z } from "zod";

import type { JsonClient } from "../http/jsonClient.ts";
import type { AppListing, ListedProject } from "./appHost.ts";
import { buildIn, projectBuild, projectLink } from "./vercelBuild.ts";
import { allPages } from "./vercelPages.ts";

const link = projectLink.transform(
  ({ type, org, repo, owner, slug, projectNamespace, projectName, productionBranch }) => {
    const account = org ?? owner ?? projectNamespace ?? "";
    const name = repo ?? slug ?? projectName ?? "";
    return { host: type.toLowerCase(), fullName: `${account}/${name}`, branch: productionBranch ?? undefined };
  },
);
const projectAnswer = z
  .object({ id: z.string(), name: z.string(), link: link.nullish() })
  .and(projectBuild)
  .transform(({ id, name, link: repository, settings, ownRegions, olderRegion, standardRegions }): ListedProject => ({
    id,
    name,
    repository: repository ?? undefined,
    build: buildIn(settings, [ownRegions[0], olderRegion, standardRegions[0]]),
  }));
const teamAnswer = z.object({ id: z.string(), slug: z.string(), name: z.string().nullish() });

/** The teams and projects that Vercel's token sees. */
export function vercelListing(call: JsonClient): AppListing {
  return {
    teams: async (signal) => {
      const teams = { path: "/v2/teams", field: "teams", entry: teamAnswer, cursor: "until", signal } as const;
      return (await allPages(call, teams)).map(({ id, slug, name }) => ({ id, slug, name: name ?? slug }));
    },
    projects: (signal) => {
      const projects = { path: "/v10/projects", field: "projects", entry: projectAnswer, cursor: "from" } as const;
      return allPages(call, { ...projects, signal });
    },
  };
}
