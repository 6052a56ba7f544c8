import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { MirrorKeeping, RepositoryState } from "./codeHost.ts";

const namespaceAnswer = z.object({ id: z.number() });
const projectAnswer = z.object({
  id: z.number(),
  path_with_namespace: z.string(),
  default_branch: z.string().nullish(),
  visibility: z.string(),
  archived: z.boolean().optional(),
});

/** GitLab's number of the role Maintainer (https://docs.gitlab.com/api/protected_branches). */
const MAINTAINER = 40;
const CONFLICT = 409;

/** What a copy of another repository has no use for. */
const UNUSED = Object.fromEntries(
  ["issues", "merge_requests", "wiki", "snippets", "container_registry", "pages", "releases"].map((part) => [
    `${part}_access_level`,
    "disabled",
  ]),
);

/**
 * Projects that are mirrors. Pipelines are off, since GitLab would run those of each push (https://docs.gitlab.com/ci/pipelines/settings), and the
 * visibility is said, since an administrator chooses its default (https://docs.gitlab.com/api/projects/#create-a-project).
 */
export function gitlabMirrors(
  call: JsonClient,
  projectPath: (fullName: string) => string,
  stateOf: (project: z.output<typeof projectAnswer>) => RepositoryState,
): MirrorKeeping {
  const order = async (
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: object,
    signal?: AbortSignal,
  ) => {
    await call({ method, path, body, answer: z.unknown(), signal });
  };
  const rulesOf = (fullName: string) => `${projectPath(fullName)}/protected_branches`;
  return {
    createRepository: async (fullName, description, signal) => {
      projectPath(fullName);
      const at = fullName.lastIndexOf("/");
      const [group, path] = [fullName.slice(0, at), fullName.slice(at + 1)];
      // https://docs.gitlab.com/api/namespaces/#get-details-on-a-namespace
      const namespace = await unlessNotFound(
        call({ method: "GET", path: `/namespaces/${segment(group)}`, answer: namespaceAnswer, signal }),
      );
      if (namespace === undefined)
        throw new UserError(
          `GitLab shows no group ${group} for ${fullName}. Create the group at GitLab, or give GITLAB_TOKEN's user the role Owner in it.`,
        );
      const body = {
        name: path,
        path,
        namespace_id: namespace.id,
        description,
        visibility: "private",
        initialize_with_readme: false,
        lfs_enabled: true,
        builds_access_level: "disabled",
        auto_devops_enabled: false,
        ...UNUSED,
      };
      return stateOf(await call({ method: "POST", path: "/projects", body, answer: projectAnswer, signal }));
    },
    setWorkflows: (fullName, run, signal) =>
      order("PUT", projectPath(fullName), { builds_access_level: run ? "private" : "disabled" }, signal),
    // https://docs.gitlab.com/api/projects/#archive-a-project: the role Owner
    setArchived: (fullName, archived, signal) =>
      order("POST", `${projectPath(fullName)}/${archived ? "archive" : "unarchive"}`, undefined, signal),
    // A protected branch is never deleted by a push. https://docs.gitlab.com/user/project/repository/branches/protected
    protectBranch: async (fullName, branch, signal) => {
      const rule = {
        name: branch,
        push_access_level: MAINTAINER,
        merge_access_level: MAINTAINER,
        allow_force_push: false,
      };
      try {
        await order("POST", rulesOf(fullName), rule, signal);
      } catch (error) {
        if (!(error instanceof ServiceError) || error.status !== CONFLICT) throw error;
        await order("PATCH", `${rulesOf(fullName)}/${segment(branch)}`, { allow_force_push: false }, signal);
      }
      return true;
    },
    unprotectBranch: async (fullName, branch, signal) => {
      await unlessNotFound(order("DELETE", `${rulesOf(fullName)}/${segment(branch)}`, undefined, signal));
    },
  };
}
