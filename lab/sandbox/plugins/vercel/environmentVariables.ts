import { z } from "zod";

import { PartialCreateError, resource } from "../../../../provider/host/index.ts";
import type { RestContext } from "../rest.ts";
import { add, list, remove, type Variable, variableInputs, written } from "./variables.ts";

const inputs = z.strictObject({ projectId: z.string().min(1), variables: z.array(variableInputs).min(1) });
type Inputs = z.infer<typeof inputs>;
type Kept = Variable & { id: string };
interface Outputs {
  variables: Kept[];
}

/**
 * vercel:index/projectEnvironmentVariables:ProjectEnvironmentVariables: several variables of a project at once. Other variables of the
 * project are not touched. Its id is the project's.
 */
export const environmentVariables = resource<RestContext, Inputs, Outputs>({
  inputs,
  secrets: ["variables"],
  replaceOn: ["projectId"],
  async create(context, { projectId, variables }) {
    return { id: projectId, outputs: await reconcile(context, projectId, [], variables) };
  },
  async read(context, id, last) {
    const found = await list(context, id);
    const kept = last?.outputs.variables;
    const mine = found?.filter((variable) => kept?.some((one) => one.id === variable.id) ?? true) ?? [];
    if (mine.length === 0) return undefined;
    // In the program's order, so that only differences show.
    const order = (variableId: string) => kept?.findIndex((one) => one.id === variableId) ?? 0;
    const variables = mine
      .sort((left, right) => order(left.id) - order(right.id))
      .map((variable) => ({
        id: variable.id,
        ...written(
          variable,
          kept?.find((one) => one.id === variable.id),
        ),
      }));
    return {
      id,
      inputs: { projectId: id, variables: mine.map((variable, index) => written(variable, variables[index])) },
      outputs: { variables },
    };
  },
  update: (context, id, olds, news) => reconcile(context, id, olds.outputs.variables, news.variables),
  async delete(context, id, { outputs }) {
    for (const variable of outputs.variables) await remove(context, id, variable.id);
  },
});

/**
 * Adds and deletes variables until they match. A changed variable is deleted and created again, as in the official plugin. Vercel's
 * refusals are combined into one error.
 */
async function reconcile(
  context: RestContext,
  projectId: string,
  kept: readonly Kept[],
  wanted: readonly Variable[],
): Promise<Outputs> {
  const same = new Map(wanted.map((variable) => [variable, kept.find((one) => equal(one, variable))]));
  const unchanged = new Set([...same.values()].map((one) => one?.id));
  if (kept.length > 0) await list(context, projectId);
  for (const { id } of kept.filter((one) => !unchanged.has(one.id))) await remove(context, projectId, id);
  const missing = wanted.filter((variable) => same.get(variable) === undefined);
  const { created, failed } = missing.length > 0 ? await add(context, projectId, missing) : { created: [], failed: [] };
  const variables = wanted.flatMap((variable) => {
    const id =
      same.get(variable)?.id ??
      created.find(({ key, target }) => key === variable.key && sameTargets(target, variable))?.id;
    return id === undefined ? [] : [{ ...variable, id }];
  });
  if (failed.length > 0) {
    throw new PartialCreateError(projectId, { variables }, failed.map(({ error }) => error.message).join(" "));
  }
  return { variables };
}

function equal(left: Variable, right: Variable): boolean {
  const asked = ({ key, value, targets, sensitive, gitBranch, comment = "" }: Variable) =>
    JSON.stringify([key, value, [...targets].sort(), sensitive, gitBranch, comment]);
  return asked(left) === asked(right);
}

function sameTargets(found: readonly string[], { targets }: Variable): boolean {
  return JSON.stringify([...found].sort()) === JSON.stringify([...targets].sort());
}
