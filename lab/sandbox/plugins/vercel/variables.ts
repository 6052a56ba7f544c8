import { z } from "zod";

import { unlessNotFound } from "../../../../services/http/http.ts";
import { given, type RestContext, send } from "../rest.ts";

/** The inputs for one environment variable, shared by both resource types. */
export const variableInputs = z.strictObject({
  key: z.string().min(1),
  value: z.string(),
  targets: z.array(z.enum(["production", "preview", "development"])).min(1),
  sensitive: z.boolean(),
  gitBranch: z.string().optional(),
  comment: z.string().optional(),
});
export type Variable = z.infer<typeof variableInputs>;

const found = z.object({
  id: z.string(),
  key: z.string(),
  value: z.string().nullish(),
  type: z.string(),
  target: z.union([
    z.array(variableInputs.shape.targets.element),
    variableInputs.shape.targets.element.transform((one) => [one]),
  ]),
  gitBranch: z.string().nullish(),
  comment: z.string().nullish(),
});
/** A variable as Vercel returns it. */
export type FoundVariable = z.infer<typeof found>;

/** The project's variables, with values in plain text if they may be read; undefined if the project is gone. */
export async function list({ service }: RestContext, projectId: string): Promise<FoundVariable[] | undefined> {
  const path = `/v8/projects/${projectId}/env?decrypt=true`;
  const answer = await unlessNotFound(send(service, { method: "GET", path }));
  return answer === undefined ? undefined : z.object({ envs: z.array(found) }).parse(answer).envs;
}

/**
 * Adds variables, and reports which of them Vercel refused and why. A single variable is sent as an object, several as a list, as in the
 * official plugin.
 */
export async function add({ service }: RestContext, projectId: string, variables: readonly Variable[]) {
  const bodies = variables.map((variable) => ({ key: variable.key, ...bodyOf(variable) }));
  const body = bodies.length === 1 ? bodies[0] : bodies;
  const answer = await send(service, { method: "POST", path: `/v10/projects/${projectId}/env`, body });
  const refusal = z.object({ error: z.object({ message: z.string() }) });
  const created = z.union([z.array(found), found.transform((one) => [one])]);
  return z.object({ created, failed: z.array(refusal).default([]) }).parse(answer);
}

/** Changes a variable in place. */
export async function change(
  { service }: RestContext,
  projectId: string,
  id: string,
  variable: Variable,
): Promise<void> {
  await send(service, { method: "PATCH", path: `/v10/projects/${projectId}/env/${id}`, body: bodyOf(variable) });
}

/** Deletes a variable; a variable that is already gone is ignored. */
export async function remove({ service }: RestContext, projectId: string, id: string): Promise<void> {
  await unlessNotFound(send(service, { method: "DELETE", path: `/v8/projects/${projectId}/env/${id}` }));
}

/** A variable as the program would declare it. A sensitive value can't be read, so the last value is used. */
export function written(actual: FoundVariable, last: Variable | undefined): Variable {
  const sensitive = actual.type === "sensitive";
  return {
    key: actual.key,
    value: (sensitive ? last?.value : actual.value) ?? "",
    targets: sameSet(actual.target, last?.targets) ? (last?.targets ?? actual.target) : actual.target,
    sensitive,
    ...(given(actual.gitBranch) && { gitBranch: actual.gitBranch }),
    ...(given(actual.comment) && actual.comment !== "" && { comment: actual.comment }),
  };
}

function bodyOf({ value, targets, sensitive, gitBranch, comment = "" }: Variable) {
  const type = sensitive ? "sensitive" : "encrypted";
  return { value, target: targets, type, comment, ...(gitBranch !== undefined && { gitBranch }) };
}

function sameSet(left: readonly string[], right: readonly string[] | undefined): boolean {
  return right?.length === left.length && left.every((item) => right.includes(item));
}
