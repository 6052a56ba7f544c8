import { z } from "zod";

import { unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost, GitLink, LiveProject } from "./appHost.ts";
import { projectPath } from "./vercelProjects.ts";

const setting = z.string().nullish();
const liveAnswer = z
  .object({
    id: z.string(),
    framework: setting,
    rootDirectory: setting,
    nodeVersion: setting,
    outputDirectory: setting,
    buildCommand: setting,
    installCommand: setting,
    devCommand: setting,
    resourceConfig: z.object({ functionDefaultRegions: z.array(z.string()).nullish() }).nullish(),
    passwordProtection: z.unknown().optional(),
    link: z
      .object({
        type: z.string(),
        org: setting,
        repo: setting,
        projectNamespace: setting,
        projectName: setting,
        owner: setting,
        slug: setting,
        productionBranch: setting,
      })
      .nullish(),
  })
  .transform(({ id, resourceConfig, passwordProtection, link, ...settings }): LiveProject => {
    const [region, ...others] = resourceConfig?.functionDefaultRegions ?? [];
    const build = Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value === "string"));
    const gitRepository = link && linkOf(link);
    return {
      id,
      // Several regions have no place in the settings, and stay as they are.
      build: { ...build, ...(region !== undefined && others.length === 0 && { functionRegion: region }) },
      ...(gitRepository && { gitRepository }),
      undeclarable: passwordProtection ? ["a password, which no API of Vercel shows"] : [],
    };
  });

/** A link in the provider's form (client/project.go, Repository, in https://github.com/vercel/terraform-provider-vercel). */
function linkOf(link: Readonly<Record<string, string | null | undefined>>): GitLink | undefined {
  const [type] = (["github", "gitlab", "bitbucket"] as const).filter((one) => one === link["type"]);
  const [owner, name] = {
    github: [link["org"], link["repo"]],
    gitlab: [link["projectNamespace"], link["projectName"]],
    bitbucket: [link["owner"], link["slug"]],
  }[type ?? "github"];
  if (type === undefined || typeof owner !== "string" || typeof name !== "string") return undefined;
  const { productionBranch } = link;
  return { type, repo: `${owner}/${name}`, ...(typeof productionBranch === "string" && { productionBranch }) };
}

/** What a program declares of a live project. */
export function vercelLive(call: JsonClient): Pick<AppHost, "liveProject"> {
  return {
    liveProject: (id, signal) =>
      unlessNotFound(call({ method: "GET", path: projectPath(id), answer: liveAnswer, signal })),
  };
}
