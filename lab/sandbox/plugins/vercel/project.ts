import { resource } from "../../../../provider/host/index.ts";
import { unlessNotFound } from "../../../../services/http/http.ts";
import { type RestContext, send } from "../rest.ts";
import {
  type Answer,
  answer,
  change,
  creation,
  type Inputs,
  inputs,
  inputsOf,
  NONE,
  type Outputs,
  outputsOf,
} from "./projectSettings.ts";
import { list } from "./variables.ts";

/**
 * vercel:index/project:Project, in the requests of the official plugin: POST, GET of the variables, and a PATCH with almost every setting,
 * also those that the program leaves out (tests/lab/sandbox/plugins/support/officialVercel.ts). If the PATCH fails, the project exists and
 * no state contains it. A project whose link to a repository the program leaves out loses it with the next change.
 */
export const project = resource<RestContext, Inputs, Outputs>({
  inputs,
  autoName: { property: "name" },
  async create(context, wanted) {
    const ask = asking(context);
    const { id } = await ask("POST", "/v8/projects", creation(wanted));
    await list(context, id);
    const made = await ask("PATCH", `/v9/projects/${id}`, change(wanted, NONE));
    return { id, outputs: outputsOf(made) };
  },
  async read(context, id, last) {
    const found = await unlessNotFound(asking(context)("GET", `/v10/projects/${id}`));
    return found && { id, inputs: inputsOf(found, last?.inputs), outputs: outputsOf(found) };
  },
  async update(context, id, olds, news) {
    const ask = asking(context);
    const { nodeVersion } = olds.outputs;
    const body = {
      ...(news.name === olds.inputs.name ? {} : { name: news.name }),
      ...change(news, olds.outputs),
      resourceConfig: {
        ...(news.resourceConfig?.functionDefaultRegions && {
          functionDefaultRegions: news.resourceConfig.functionDefaultRegions,
        }),
        fluid: news.resourceConfig?.fluid ?? false,
        elasticConcurrencyEnabled: false,
      },
      nodeVersion: news.nodeVersion ?? nodeVersion,
    };
    const changed = await ask("PATCH", `/v9/projects/${id}`, body);
    const last = olds.inputs.gitRepository ?? olds.outputs.gitRepository;
    const linked = await relink(context, id, last, news.gitRepository);
    await list(context, id);
    return outputsOf(linked ?? changed);
  },
  async delete({ service }, id) {
    await unlessNotFound(send(service, { method: "DELETE", path: `/v8/projects/${id}` }));
  },
});

function asking({ service }: RestContext) {
  return async (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object) =>
    answer.parse(await send(service, { method, path, ...(body && { body }) }));
}

/** Removes the link to a repository that the program no longer has, and makes the one that it has. Returns the project after a change. */
async function relink(context: RestContext, id: string, last: Link, next: Link): Promise<Answer | undefined> {
  const ask = asking(context);
  const isOther = last?.repo !== next?.repo || last?.type !== next?.type;
  let changed: Answer | undefined;
  if (last !== undefined && isOther) changed = await ask("DELETE", `/v9/projects/${id}/link`);
  if (next === undefined) return changed;
  if (isOther) changed = await ask("POST", `/v9/projects/${id}/link`, { type: next.type, repo: next.repo });
  if (next.productionBranch !== undefined && (isOther || last?.productionBranch !== next.productionBranch))
    changed = await ask("PATCH", `/v9/projects/${id}/branch`, { branch: next.productionBranch });
  return changed;
}
type Link = Inputs["gitRepository"];
