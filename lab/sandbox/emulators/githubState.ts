import type { EmulatorDependencies } from "../host/services.ts";
import { ApiError } from "./http.ts";

/** What GitHub's emulator needs. Its token is accepted as Bearer, as `token`, or as the password of Basic. */
export type GithubDeps = Pick<EmulatorDependencies, "paths" | "credentials" | "clock">;

/** A repository; its content is in git. */
export interface Repository {
  id: number;
  owner: string;
  name: string;
  settings: Record<string, unknown>;
  topics: string[];
  vulnerabilityAlerts: boolean;
  createdAt: string;
  updatedAt: string;
}

/** What GitHub remembers. */
export interface GithubMemory {
  nextId: number;
  /** By lower-case owner/name. */
  repositories: Record<string, Repository>;
}

/** Whose token it is. */
export const USER = "sandbox-operator";
/** What every error of the API points to. */
export const DOCS = "https://docs.github.com/rest";
/** A repository's settings and what they are until they are set; other fields of a request are ignored, as GitHub does. */
export const SETTINGS = {
  description: null,
  homepage: null,
  private: false,
  visibility: "public",
  archived: false,
  is_template: false,
  default_branch: "main",
  has_issues: true,
  has_projects: true,
  has_wiki: true,
  has_downloads: true,
  has_discussions: false,
  allow_squash_merge: true,
  allow_merge_commit: true,
  allow_rebase_merge: true,
  allow_auto_merge: false,
  allow_update_branch: false,
  allow_forking: true,
  delete_branch_on_merge: false,
  web_commit_signoff_required: false,
  squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
  squash_merge_commit_message: "COMMIT_MESSAGES",
  merge_commit_title: "MERGE_MESSAGE",
  merge_commit_message: "PR_TITLE",
  security_and_analysis: null,
} satisfies Record<string, unknown>;
/** Names that GitHub takes for owners and repositories. */
export const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

/** An error as GitHub writes it. */
export const fail = (status: 401 | 403 | 404 | 409 | 422, message: string, errors?: object[]) =>
  new ApiError(status, {
    message,
    ...(errors === undefined ? {} : { errors }),
    documentation_url: DOCS,
    status: String(status),
  });
/** A repository that can't be made or renamed so. */
export const invalid = (message: string, field = "name") =>
  fail(422, "Repository creation failed.", [{ resource: "Repository", code: "custom", field, message }]);
/** A body that can't be read. */
export const problem = (fault: string) => fail(422, `Invalid request.\n\n${fault}`);

/** A user or organization. */
export const account = (login: string, type: string) => ({
  login,
  id: login.length,
  node_id: login,
  type,
  url: `${DOCS}/${login}`,
});
/** A repository as GitHub shows it; `origin` is the address that it is asked at. */
export const show = (origin: string, r: Repository) => {
  const fullName = `${r.owner}/${r.name}`;
  return {
    id: r.id,
    node_id: `R_${r.id}`,
    name: r.name,
    full_name: fullName,
    owner: account(r.owner, r.owner === USER ? "User" : "Organization"),
    ...r.settings,
    topics: r.topics,
    fork: false,
    disabled: false,
    permissions: { admin: true, push: true, pull: true },
    url: `${origin}/api/v3/repos/${fullName}`,
    html_url: `${origin}/${fullName}`,
    clone_url: `${origin}/${fullName}.git`,
    git_url: `git://127.0.0.1/${fullName}.git`,
    ssh_url: `git@127.0.0.1:${fullName}.git`,
    svn_url: `${origin}/${fullName}`,
    created_at: r.createdAt,
    updated_at: r.updatedAt,
    pushed_at: r.updatedAt,
  };
};

/** The settings of a request; `private` and `visibility` are two names of one thing. */
export const settingsFrom = (body: Record<string, unknown>): Record<string, unknown> => {
  const set = Object.fromEntries(Object.entries(body).filter(([name, value]) => name in SETTINGS && value !== null));
  if (typeof set["visibility"] === "string") set["private"] = set["visibility"] !== "public";
  else if (typeof set["private"] === "boolean") set["visibility"] = set["private"] ? "private" : "public";
  return set;
};
