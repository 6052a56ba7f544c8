import { z } from "zod";

import { resource } from "../../../../provider/host/index.ts";
import type { RestContext } from "../rest.ts";
import { add, change, list, remove, variableInputs, written } from "./variables.ts";

const inputs = variableInputs.extend({ projectId: z.string().min(1) });
type Inputs = z.infer<typeof inputs>;

/** vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable; imported by `project id/variable id`. */
export const environmentVariable = resource<RestContext, Inputs, object>({
  inputs,
  secrets: ["value"],
  replaceOn: ["projectId", "key", "sensitive"],
  // Vercel allows one variable for each name and target.
  deleteBeforeReplace: true,
  async create(context, { projectId, ...variable }) {
    const { created, failed } = await add(context, projectId, [variable]);
    if (created[0] === undefined) throw new Error(failed[0]?.error.message ?? `Vercel did not create ${variable.key}.`);
    return { id: created[0].id, outputs: {} };
  },
  async read(context, id, last) {
    const [first = "", second] = id.split("/");
    const projectId = last?.inputs.projectId ?? first;
    const variableId = second ?? id;
    const found = (await list(context, projectId))?.find((variable) => variable.id === variableId);
    if (found === undefined) return undefined;
    return { id: variableId, inputs: { projectId, ...written(found, last?.inputs) }, outputs: {} };
  },
  async update(context, id, _olds, { projectId, ...variable }) {
    await change(context, projectId, id, variable);
    return {};
  },
  async delete(context, id, { inputs: { projectId } }) {
    await remove(context, projectId, id);
  },
});
