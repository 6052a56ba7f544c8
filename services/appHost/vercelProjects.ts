import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost, AppProject } from "./appHost.ts";
import { allPages } from "./vercelPages.ts";

const projectAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    targets: z.object({ production: z.object({ id: z.string() }).nullish() }).nullish(),
    link: z.unknown().optional(),
    framework: z.string().nullish(),
  })
  .transform(({ id, name, targets, link, framework }) => ({
    id,
    name,
    productionId: targets?.production?.id,
    hasRepository: Boolean(link),
    framework: framework ?? undefined,
  }));
const rawAnswer = z.record(z.string(), z.unknown());
const variablesAnswer = z.object({
  envs: z.array(
    z
      .object({
        id: z.string().optional(),
        key: z.string(),
        type: z.string().optional(),
        target: z.union([z.string(), z.array(z.string())]).nullish(),
      })
      .transform(({ id, key, type, target }) => ({ id, key, type: type ?? "plain", targets: [target ?? []].flat() })),
  ),
});

/** Path of a project. */
export function projectPath(idOrName: string, version = "v9"): string {
  return `/${version}/projects/${segment(idOrName)}`;
}

/** Vercel's projects and their variables. */
export function vercelProjects(
  call: JsonClient,
): Pick<AppHost, "project" | "exportProject" | "pauseProject" | "variables" | "clashingVariables" | "removeVariable"> {
  const variablesOf = async (projectId: string, signal?: AbortSignal) =>
    (await call({ method: "GET", path: `${projectPath(projectId, "v10")}/env`, answer: variablesAnswer, signal })).envs;
  return {
    project: (id, signal) =>
      unlessNotFound(call({ method: "GET", path: projectPath(id), answer: projectAnswer, signal })),
    exportProject: (id, signal) =>
      unlessNotFound(call({ method: "GET", path: projectPath(id), answer: rawAnswer, signal })),
    pauseProject: async (id, signal) => {
      const path = `${projectPath(id, "v1")}/pause`;
      await call({ method: "POST", path, answer: z.unknown(), repeatable: true, signal });
    },
    variables: async (id, signal) =>
      (await variablesOf(id, signal)).map(({ key, type, targets }) => ({ key, type, targets })),
    // Vercel refuses a second variable with the same name and target.
    clashingVariables: async (id, wanted, signal) =>
      (await variablesOf(id, signal)).flatMap(({ id: variable, key, targets }) => {
        const isClash = wanted.some((one) => one.key === key && targets.some((target) => one.targets.includes(target)));
        return isClash && variable !== undefined ? [{ id: variable, key }] : [];
      }),
    removeVariable: async (id, variable, signal) => {
      const path = `${projectPath(id)}/env/${segment(variable)}`;
      await unlessNotFound(call({ method: "DELETE", path, answer: z.unknown(), signal }));
    },
  };
}

/** All projects that the token can see. */
export async function allProjects(call: JsonClient, signal?: AbortSignal): Promise<AppProject[]> {
  return await allPages(call, {
    path: "/v10/projects",
    field: "projects",
    entry: projectAnswer,
    cursor: "from",
    signal,
  });
}
