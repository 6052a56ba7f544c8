import type { Context, Hono } from "hono";
import { z } from "zod";

import type { GitStorage } from "./git.ts";
import { fail, problem, type Repository } from "./githubState.ts";
import { readBody } from "./http.ts";

/**
 * The plan of the owners. On the free one a private repository has no branch protection
 * (https://docs.github.com/get-started/learning-about-github/githubs-plans).
 */
export type GithubPlan = "free" | "team";

/** All four have to be there; only rewrites and deletions have an effect here. */
const protectionBody = z.object({
  required_status_checks: z.null(),
  enforce_admins: z.literal(true),
  required_pull_request_reviews: z.null(),
  restrictions: z.null(),
  allow_force_pushes: z.literal(false).optional(),
  allow_deletions: z.literal(false).optional(),
});

/** Routes of a branch's protection: https://docs.github.com/rest/branches/branch-protection. */
export function addProtectionRoutes(
  app: Hono,
  git: GitStorage,
  {
    plan,
    asked,
    save,
  }: {
    plan: GithubPlan;
    asked: (c: Context) => { found: Repository; path: string };
    save: () => void;
  },
): void {
  const set = async (path: string, found: Repository, branches: string[]) => {
    found.protectedBranches = branches;
    await git.protect(path, branches);
    save();
  };
  app.on(["PUT", "DELETE"], "/repos/:owner/:repo/branches/:branch/protection", async (c) => {
    const { found, path } = asked(c);
    const branch = c.req.param("branch");
    const { protectedBranches: before = [] } = found;
    if (plan === "free" && found.settings["private"] === true)
      throw fail(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.");
    if (!(await git.branches(path)).has(branch)) throw fail(404, "Branch not found");
    if (c.req.method === "DELETE") {
      if (!before.includes(branch)) throw fail(404, "Branch not protected");
      await set(
        path,
        found,
        before.filter((one) => one !== branch),
      );
      return c.body(null, 204);
    }
    await readBody(c, protectionBody, problem);
    await set(path, found, [...new Set([...before, branch])]);
    const url = `${new URL(c.req.url).origin}/api/v3/repos/${found.owner}/${found.name}/branches/${branch}/protection`;
    return c.json({
      url,
      enforce_admins: { url: `${url}/enforce_admins`, enabled: true },
      allow_force_pushes: { enabled: false },
      allow_deletions: { enabled: false },
    });
  });
}
