import type { EmulatorDependencies } from "../host/services.ts";
import { ApiError } from "./http.ts";

/** The dependencies of GitHub's emulator. Its token is accepted as Bearer, as `token`, or as the password of Basic. */
export type GithubDeps = Pick<EmulatorDependencies, "paths" | "credentials" | "clock">;

/** A repository; its content is in git. */
export interface Repository {
  id: number;
  owner: string;
  name: string;
  settings: Record<string, unknown>;
  topics: string[];
  /** Branches that rules protect, without the rules. */
  protectedBranches?: string[];
  vulnerabilityAlerts: boolean;
  /** Whether its workflows run; the default if it was never set. */
  actions?: { enabled: boolean; allowed_actions?: string | undefined };
  createdAt: string;
  updatedAt: string;
}

/** GitHub's stored state. */
export interface GithubMemory {
  nextId: number;
  /** By lower-case owner/name. */
  repositories: Record<string, Repository>;
  /** Former names, by lower-case owner/name, with the number of what had them. */
  formerNames: Record<string, number>;
}

/** The owner of the token. */
export const USER = "sandbox-operator";
/** The documentation link in every error of the API. */
export const DOCS = "https://docs.github.com/rest";
/** A repository's settings with their defaults; other fields of a request are ignored, as by GitHub. */
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
/** Names that GitHub accepts for owners and repositories. */
export const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

/** An error in GitHub's format. */
export const fail = (status: 301 | 401 | 403 | 404 | 409 | 422, message: string, errors?: object[], url?: string) =>
  new ApiError(status, {
    message,
    ...(url === undefined ? {} : { url }),
    ...(errors === undefined ? {} : { errors }),
    documentation_url: DOCS,
    // Errors of validation are of another form.
    ...(status === 422 ? {} : { status: String(status) }),
  });
/** The error for a repository that can't be created or renamed that way. */
export const invalid = (message: string, field = "name") =>
  fail(422, "Repository creation failed.", [{ resource: "Repository", code: "custom", field, message }]);
/** The error for an unreadable body. */
export const problem = (fault: string) => fail(422, `Invalid request.\n\n${fault}`);

/** The settings in a request; `private` and `visibility` are two names of one setting. */
export const settingsFrom = (body: Record<string, unknown>): Record<string, unknown> => {
  const set = Object.fromEntries(Object.entries(body).filter(([name, value]) => name in SETTINGS && value !== null));
  if (typeof set["visibility"] === "string") set["private"] = set["visibility"] !== "public";
  else if (typeof set["private"] === "boolean") set["visibility"] = set["private"] ? "private" : "public";
  return set;
};
