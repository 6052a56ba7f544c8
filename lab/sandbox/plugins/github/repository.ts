import { z } from "zod";

import { type RestContext, restRow } from "../rest.ts";

/** The owner of the repositories. */
export interface GithubContext extends RestContext {
  owner: string;
  isOrganization: boolean;
}

const flag = z.boolean().optional();
const text = z.string().optional();
const inputs = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,100}$/, "A repository's name has at most 100 letters, digits and ._-"),
  description: text,
  homepageUrl: text,
  visibility: z.enum(["public", "private", "internal"]).optional(),
  hasIssues: flag,
  hasProjects: flag,
  hasWiki: flag,
  hasDownloads: flag,
  hasDiscussions: flag,
  isTemplate: flag,
  allowMergeCommit: flag,
  allowSquashMerge: flag,
  allowRebaseMerge: flag,
  allowAutoMerge: flag,
  deleteBranchOnMerge: flag,
  archived: flag,
  autoInit: flag,
  archiveOnDestroy: flag,
});
type Inputs = z.infer<typeof inputs>;

/** The settings that GitHub returns, by Pulumi's names and GitHub's own. */
const FIELDS = {
  description: "description",
  homepageUrl: "homepage",
  visibility: "visibility",
  hasIssues: "has_issues",
  hasProjects: "has_projects",
  hasWiki: "has_wiki",
  hasDownloads: "has_downloads",
  hasDiscussions: "has_discussions",
  isTemplate: "is_template",
  allowMergeCommit: "allow_merge_commit",
  allowSquashMerge: "allow_squash_merge",
  allowRebaseMerge: "allow_rebase_merge",
  allowAutoMerge: "allow_auto_merge",
  deleteBranchOnMerge: "delete_branch_on_merge",
  archived: "archived",
} as const satisfies Partial<Record<keyof Inputs, string>>;

const answer = z.looseObject({
  id: z.number(),
  node_id: z.string(),
  name: z.string(),
  full_name: z.string(),
  default_branch: z.string(),
  private: z.boolean(),
  html_url: z.string(),
  clone_url: z.string(),
  ssh_url: z.string(),
});

/** github:index/repository:Repository; its id is its name. */
export const repository = restRow<GithubContext, z.infer<typeof answer>, Inputs, object>({
  inputs,
  autoName: { property: "name" },
  // GitHub renames in place; `autoInit` only has an effect at creation.
  replaceOn: ["autoInit"],
  answer,
  collection: ({ owner, isOrganization }) => (isOrganization ? `/orgs/${owner}/repos` : "/user/repos"),
  item: ({ owner }, id) => `/repos/${owner}/${id}`,
  change: "PATCH",
  body: ({ name, autoInit, ...settings }) => ({
    name,
    ...(autoInit !== undefined && { auto_init: autoInit }),
    ...Object.fromEntries(
      Object.entries(FIELDS).flatMap(([ours, theirs]) => {
        const value = settings[ours as keyof typeof FIELDS];
        return value === undefined ? [] : [[theirs, value]];
      }),
    ),
  }),
  state(found, last) {
    const settings = Object.entries(FIELDS)
      .filter(([ours]) => last === undefined || ours in last)
      .map(([ours, theirs]) => [ours, found[theirs] ?? undefined] as const)
      .filter(([, value]) => value !== undefined);
    const actual = inputs.parse({
      ...Object.fromEntries(settings),
      name: found.name,
      ...(last?.autoInit !== undefined && { autoInit: last.autoInit }),
      ...(last?.archiveOnDestroy !== undefined && { archiveOnDestroy: last.archiveOnDestroy }),
    });
    return { id: found.name, inputs: actual, outputs: outputsOf(found) };
  },
  remove: ({ owner }, id, { archiveOnDestroy, archived }) =>
    archiveOnDestroy === true && archived !== true
      ? { method: "PATCH", path: `/repos/${owner}/${id}`, body: { archived: true } }
      : { method: archiveOnDestroy === true ? "GET" : "DELETE", path: `/repos/${owner}/${id}` },
});

function outputsOf(found: z.infer<typeof answer>) {
  return {
    repoId: found.id,
    nodeId: found.node_id,
    fullName: found.full_name,
    defaultBranch: found.default_branch,
    private: found.private,
    htmlUrl: found.html_url,
    httpCloneUrl: found.clone_url,
    sshCloneUrl: found.ssh_url,
  };
}
