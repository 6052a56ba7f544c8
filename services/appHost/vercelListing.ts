import { z } from "zod";

import type { JsonClient } from "../http/jsonClient.ts";
import type { AppListing, ListedProject } from "./appHost.ts";
import type { BuildSettings } from "./buildSettings.ts";
import { allPages } from "./vercelPages.ts";

const setting = z.string().nullish();

/**
 * A project's Git link. The code hosts differ in the fields' names: https://vercel.com/docs/rest-api/projects/find-a-project-by-id-or-name.
 */
const link = z
  .object({
    type: z.string(),
    org: setting,
    repo: setting,
    owner: setting,
    slug: setting,
    projectNamespace: setting,
    projectName: setting,
    productionBranch: setting,
  })
  .transform(({ type, org, repo, owner, slug, projectNamespace, projectName, productionBranch }) => {
    const account = org ?? owner ?? projectNamespace ?? "";
    const name = repo ?? slug ?? projectName ?? "";
    return { host: type.toLowerCase(), fullName: `${account}/${name}`, branch: productionBranch ?? undefined };
  });

const regions = z.object({ functionDefaultRegions: z.array(z.string()).nullish() }).nullish();

/** The fields of a project that say how it is built. */
const BUILD_FIELDS = z.object({
  framework: setting,
  rootDirectory: setting,
  buildCommand: setting,
  installCommand: setting,
  outputDirectory: setting,
  devCommand: setting,
  nodeVersion: setting,
  serverlessFunctionRegion: setting,
  resourceConfig: regions,
  defaultResourceConfig: regions,
});

const projectAnswer = BUILD_FIELDS.extend({ id: z.string(), name: z.string(), link: link.nullish() }).transform(
  (answer): ListedProject => ({
    id: answer.id,
    name: answer.name,
    repository: answer.link ?? undefined,
    build: liveBuild(answer),
  }),
);
const teamAnswer = z.object({ id: z.string(), slug: z.string(), name: z.string().nullish() });

/**
 * How a project is built. Vercel writes null where it decides by itself. The region of its functions is in `resourceConfig`; answers of
 * lists have it in `serverlessFunctionRegion`.
 */
function liveBuild(answer: z.output<typeof BUILD_FIELDS>): BuildSettings {
  const { resourceConfig: own, defaultResourceConfig: standard, serverlessFunctionRegion, ...plain } = answer;
  const functionRegion =
    own?.functionDefaultRegions?.[0] ?? serverlessFunctionRegion ?? standard?.functionDefaultRegions?.[0];
  const { framework, rootDirectory, buildCommand, installCommand, outputDirectory, devCommand, nodeVersion } = plain;
  const all = { framework, rootDirectory, buildCommand, installCommand, outputDirectory, devCommand, nodeVersion };
  const set = Object.entries({ ...all, functionRegion }).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(set);
}

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
