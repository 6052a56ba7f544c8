import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { AppHost, AppProject, NewVariable } from "./appHost.ts";
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
        gitBranch: z.string().nullish(),
        customEnvironmentIds: z.array(z.string()).nullish(),
        comment: z.string().nullish(),
        createdAt: z.number().nullish(),
        updatedAt: z.number().nullish(),
      })
      .transform(({ id, key, type, target, gitBranch, customEnvironmentIds, comment, createdAt, updatedAt }) => ({
        id,
        key,
        type: type ?? "plain",
        targets: [target ?? []].flat(),
        branch: gitBranch ?? undefined,
        environments: customEnvironmentIds ?? [],
        comment: comment ?? undefined,
        createdAt: dateOf(createdAt),
        changedAt: dateOf(updatedAt ?? createdAt),
      })),
  ),
});
const valueAnswer = z.object({ value: z.string() });
/** What was created is not read: an answer that shows one variable instead of a list is as good. */
const createdAnswer = z.object({
  failed: z.array(z.object({ error: z.object({ code: z.string(), key: z.string().optional() }) })).nullish(),
});

/** The types whose value Vercel shows. It shows none of type sensitive (https://vercel.com/docs/environment-variables/sensitive-environment-variables). */
const READABLE = ["plain", "encrypted"];
/** Vercel's own variables, which a project can switch on. */
const SYSTEM = "system";
/** Vercel refuses a sensitive variable for this target (same page). */
const NEVER_SENSITIVE = "development";

function dateOf(milliseconds: number | null | undefined): Date | undefined {
  return typeof milliseconds === "number" ? new Date(milliseconds) : undefined;
}

/** Path of a project. */
export function projectPath(idOrName: string, version = "v9"): string {
  return `/${version}/projects/${segment(idOrName)}`;
}

/** Vercel's projects and their variables. */
export function vercelProjects(
  call: JsonClient,
): Pick<
  AppHost,
  | ("project" | "exportProject" | "pauseProject" | "variables" | "listVariables" | "variableValue")
  | ("createVariables" | "changeVariable" | "clashingVariables" | "removeVariable")
> {
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
    listVariables: async (id, signal) =>
      (await variablesOf(id, signal)).flatMap((one) => {
        const { id: variable, key, type, targets, branch, environments, comment, changedAt } = one;
        if (variable === undefined || type === SYSTEM) return [];
        const isReadable = READABLE.includes(type);
        return [{ id: variable, key, type, targets, branch, environments, comment, changedAt, isReadable }];
      }),
    // A listing shows no value of type encrypted, whatever it is asked (https://github.com/vercel/sdk/issues/118).
    variableValue: async (id, variable, signal) => {
      const path = `${projectPath(id, "v1")}/env/${segment(variable)}`;
      return (await call({ method: "GET", path, answer: valueAnswer, signal })).value;
    },
    // Without `upsert`, which would replace the value of a variable that is there already
    // (https://vercel.com/docs/rest-api/projects/create-one-or-more-environment-variables).
    createVariables: async (id, variables, signal) => {
      const path = `${projectPath(id, "v10")}/env`;
      const body = variables.map(bodyOf);
      const { failed } = await call({ method: "POST", path, body, answer: createdAnswer, signal });
      return (failed ?? []).map(({ error }) => error.key ?? error.code);
    },
    changeVariable: async (id, variable, wanted, signal) => {
      const path = `${projectPath(id)}/env/${segment(variable)}`;
      await call({ method: "PATCH", path, body: bodyOf(wanted), answer: z.unknown(), repeatable: true, signal });
    },
    // Vercel refuses a second variable with the same name and target.
    clashingVariables: async (id, wanted, signal) =>
      (await variablesOf(id, signal)).flatMap(({ id: variable, key, targets, createdAt }) => {
        const isClash = wanted.some((one) => one.key === key && targets.some((target) => one.targets.includes(target)));
        return isClash && variable !== undefined ? [{ id: variable, key, createdAt }] : [];
      }),
    removeVariable: async (id, variable, signal) => {
      const path = `${projectPath(id)}/env/${segment(variable)}`;
      await unlessNotFound(call({ method: "DELETE", path, answer: z.unknown(), signal }));
    },
  };
}

function bodyOf({ key, value, targets, branch, environments = [], type, comment }: NewVariable) {
  return {
    key,
    value,
    type: type ?? (targets.includes(NEVER_SENSITIVE) ? "encrypted" : "sensitive"),
    target: targets,
    ...(branch !== undefined && { gitBranch: branch }),
    ...(environments.length > 0 && { customEnvironmentIds: environments }),
    comment,
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
