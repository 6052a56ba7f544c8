import { z } from "zod";

import { unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost, GitLink, LiveProject } from "./appHost.ts";
import { buildIn, projectBuild, projectLink } from "./vercelBuild.ts";
import { projectPath } from "./vercelProjects.ts";

const liveAnswer = z
  .object({ id: z.string(), passwordProtection: z.unknown().optional(), link: projectLink.nullish() })
  .and(projectBuild)
  .transform(({ id, settings, ownRegions, passwordProtection, link }): LiveProject => {
    const gitRepository = link && linkOf(link);
    return {
      id,
      // Several regions have no place in the settings, and stay as they are.
      build: buildIn(settings, ownRegions.length === 1 ? ownRegions : []),
      ...(gitRepository && { gitRepository }),
      undeclarable: passwordProtection ? ["a password, which no API of Vercel shows"] : [],
    };
  });

/** A link in the provider's form (client/project.go, Repository, in https://github.com/vercel/terraform-provider-vercel). */
function linkOf(link: z.output<typeof projectLink>): GitLink | undefined {
  const [type] = (["github", "gitlab", "bitbucket"] as const).filter((one) => one === link.type);
  const [owner, name] = {
    github: [link.org, link.repo],
    gitlab: [link.projectNamespace, link.projectName],
    bitbucket: [link.owner, link.slug],
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
