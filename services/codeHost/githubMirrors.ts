import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { MirrorKeeping, RepositoryState } from "./codeHost.ts";

const repositoryAnswer = z.object({
  full_name: z.string(),
  default_branch: z.string(),
  archived: z.boolean(),
  private: z.boolean(),
});
const userAnswer = z.object({ login: z.string() });

/** What a copy of another repository has no use for. */
const UNUSED = { has_issues: false, has_projects: false, has_wiki: false };

/** Rewrites and deletions are refused, of administrators as well. The fields without a value have to be there. */
const RULE = {
  required_status_checks: null,
  enforce_admins: true,
  required_pull_request_reviews: null,
  restrictions: null,
  allow_force_pushes: false,
  allow_deletions: false,
};

/** GitHub's words for a private repository of an account on the free plan. */
const NOT_IN_PLAN = /upgrade to github pro|make this repository public/i;

/** Repositories that are mirrors (https://docs.github.com/rest/repos/repos, https://docs.github.com/rest/branches/branch-protection). */
export function githubMirrors(call: JsonClient, repositoryPath: (fullName: string) => string): MirrorKeeping {
  const order = async (method: "PUT" | "PATCH" | "DELETE", path: string, body?: object, signal?: AbortSignal) => {
    await call({ method, path, body, answer: z.unknown(), signal });
  };
  const ruleOf = (fullName: string, branch: string) =>
    `${repositoryPath(fullName)}/branches/${segment(branch)}/protection`;
  const setWorkflows = (fullName: string, run: boolean, signal?: AbortSignal) =>
    order("PUT", `${repositoryPath(fullName)}/actions/permissions`, { enabled: run }, signal);
  return {
    createRepository: async (fullName, description, signal): Promise<RepositoryState> => {
      const [owner = "", name = ""] = fullName.split("/");
      const body = { name, description, private: true, auto_init: false, ...UNUSED };
      const create = (path: string) => call({ method: "POST", path, body, answer: repositoryAnswer, signal });
      const made =
        (await unlessNotFound(create(`/orgs/${segment(owner)}/repos`))) ??
        ((await isUser(call, owner, signal)) ? await create("/user/repos") : undefined);
      if (made === undefined)
        throw new UserError(
          `GitHub shows no owner ${owner} in which the token may create ${fullName}. Create the organization, or correct the name.`,
        );
      await setWorkflows(made.full_name, false, signal);
      return {
        fullName: made.full_name,
        defaultBranch: made.default_branch,
        isPrivate: made.private,
        isArchived: made.archived,
        protectedBranches: [],
      };
    },
    setWorkflows,
    setArchived: (fullName, archived, signal) => order("PATCH", repositoryPath(fullName), { archived }, signal),
    protectBranch: async (fullName, branch, signal) => {
      try {
        await order("PUT", ruleOf(fullName, branch), RULE, signal);
        return true;
      } catch (error) {
        // https://docs.github.com/get-started/learning-about-github/githubs-plans: private repositories have it from GitHub Pro and Team on.
        if (error instanceof ServiceError && error.status === 403 && NOT_IN_PLAN.test(error.message)) return false;
        throw error;
      }
    },
    unprotectBranch: async (fullName, branch, signal) => {
      await unlessNotFound(order("DELETE", ruleOf(fullName, branch), undefined, signal));
    },
  };
}

async function isUser(call: JsonClient, owner: string, signal?: AbortSignal): Promise<boolean> {
  const { login } = await call({ method: "GET", path: "/user", answer: userAnswer, signal });
  return login.toLowerCase() === owner.toLowerCase();
}
