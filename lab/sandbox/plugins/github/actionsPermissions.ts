import { z } from "zod";

import { resource } from "../../../../provider/host/index.ts";
import { unlessNotFound } from "../../../../services/http/http.ts";
import { send } from "../rest.ts";
import type { GithubContext } from "./repository.ts";

const inputs = z.strictObject({
  repository: z.string().min(1),
  enabled: z.boolean().optional(),
  allowedActions: z.enum(["all", "localOnly", "selected"]).optional(),
});
type Inputs = z.infer<typeof inputs>;

const answer = z.object({ enabled: z.boolean(), allowed_actions: z.string().optional() });

const pathOf = ({ owner }: GithubContext, repository: string) => `/repos/${owner}/${repository}/actions/permissions`;

/**
 * github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions; its id is the repository's name. Like the official plugin it names the
 * allowed actions only while Actions are on, and a deletion switches Actions on.
 * Source: https://github.com/integrations/terraform-provider-github, github/resource_github_actions_repository_permissions.go.
 */
export const actionsPermissions = resource<GithubContext, Inputs, object>({
  inputs,
  replaceOn: ["repository"],
  async create(context, given) {
    await put(context, given.repository, given);
    return { id: given.repository, outputs: {} };
  },
  async read(context, id, last, signal) {
    const found = await unlessNotFound(send(context.service, { method: "GET", path: pathOf(context, id), signal }));
    if (found === undefined) return undefined;
    const { enabled } = answer.parse(found);
    const allowed = last?.inputs.allowedActions;
    return { id, inputs: { repository: id, enabled, ...(allowed && { allowedActions: allowed }) }, outputs: {} };
  },
  async update(context, id, _olds, news) {
    await put(context, id, news);
    return {};
  },
  async delete(context, id) {
    await unlessNotFound(put(context, id, { enabled: true, allowedActions: "all" }));
  },
});

async function put(context: GithubContext, repository: string, given: Omit<Inputs, "repository">): Promise<void> {
  const { enabled = true, allowedActions } = given;
  const allowed = enabled && allowedActions !== undefined && { allowed_actions: allowedActions };
  await send(context.service, { method: "PUT", path: pathOf(context, repository), body: { enabled, ...allowed } });
}
