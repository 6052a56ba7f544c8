import { z } from "zod";

import { unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppInspection, AppSetUp, Protection } from "./appSetUp.ts";
import { buildIn, projectBuild } from "./vercelBuild.ts";
import { projectPath } from "./vercelProjects.ts";

const protection = z.object({ deploymentType: z.string() }).nullish();
const setUpAnswer = z
  .object({
    id: z.string(),
    ssoProtection: protection,
    passwordProtection: protection,
    trustedIps: protection,
    protectionBypass: z.record(z.string(), z.object({ scope: z.string() })).nullish(),
    crons: z
      .object({
        definitions: z.array(z.object({ path: z.string(), schedule: z.string() })).nullish(),
        disabledAt: z.number().nullish(),
      })
      .nullish(),
  })
  .and(projectBuild)
  .transform((answer): AppSetUp => {
    const { ssoProtection, passwordProtection, trustedIps, protectionBypass, crons } = answer;
    const isOff = typeof crons?.disabledAt === "number";
    return {
      id: answer.id,
      protection: worstOf([ssoProtection, passwordProtection, trustedIps].map((one) => reachOf(one?.deploymentType))),
      hasPass: Object.values(protectionBypass ?? {}).some(({ scope }) => scope === "automation-bypass"),
      crons: isOff ? [] : (crons?.definitions ?? []),
      build: buildIn(answer.settings, [answer.ownRegions[0], answer.olderRegion]),
    };
  });

/** From the widest open one on. */
const REACHES: readonly Protection[] = ["open", "generated addresses", "every address"];

/** What a protection method covers. Source of the scopes: https://vercel.com/docs/deployment-protection */
function reachOf(scope: string | undefined): Protection {
  switch (scope) {
    case undefined:
    case "none":
    case "preview":
      return "open";
    case "all":
    case "production":
      return "every address";
    default:
      return "generated addresses";
  }
}

function worstOf(reaches: readonly Protection[]): Protection {
  return REACHES.findLast((one) => reaches.includes(one)) ?? "open";
}

/** A look at a project's set-up (https://vercel.com/docs/rest-api/projects/find-a-project-by-id-or-name). */
export function vercelSetUp(call: JsonClient): AppInspection {
  return {
    setUp: (idOrName, signal) =>
      unlessNotFound(call({ method: "GET", path: projectPath(idOrName), answer: setUpAnswer, signal })),
  };
}
