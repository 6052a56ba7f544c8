import type { GitCommit } from "./git.ts";
import { type Repository, USER } from "./githubState.ts";

/** The addresses below an account's own, by field. */
const ACCOUNT_PARTS = {
  followers: "/followers",
  following: "/following{/other_user}",
  gists: "/gists{/gist_id}",
  organizations: "/orgs",
  received_events: "/received_events",
  starred: "/starred{/owner}{/repo}",
  subscriptions: "/subscriptions",
} as const;
const ORGANIZATION_PARTS = {
  hooks: "/hooks",
  issues: "/issues",
  members: "/members{/member}",
  public_members: "/public_members{/member}",
} as const;
/** The addresses below a repository's own, by field. */
const REPOSITORY_PARTS = {
  archive: "/{archive_format}{/ref}",
  assignees: "/assignees{/user}",
  blobs: "/git/blobs{/sha}",
  branches: "/branches{/branch}",
  collaborators: "/collaborators{/collaborator}",
  comments: "/comments{/number}",
  commits: "/commits{/sha}",
  compare: "/compare/{base}...{head}",
  contents: "/contents/{+path}",
  contributors: "/contributors",
  deployments: "/deployments",
  downloads: "/downloads",
  events: "/events",
  forks: "/forks",
  git_commits: "/git/commits{/sha}",
  git_refs: "/git/refs{/sha}",
  git_tags: "/git/tags{/sha}",
  hooks: "/hooks",
  issue_comment: "/issues/comments{/number}",
  issue_events: "/issues/events{/number}",
  issues: "/issues{/number}",
  keys: "/keys{/key_id}",
  labels: "/labels{/name}",
  languages: "/languages",
  merges: "/merges",
  milestones: "/milestones{/number}",
  notifications: "/notifications{?since,all,participating}",
  pulls: "/pulls{/number}",
  releases: "/releases{/id}",
  stargazers: "/stargazers",
  statuses: "/statuses/{sha}",
  subscribers: "/subscribers",
  subscription: "/subscription",
  tags: "/tags",
  teams: "/teams",
  trees: "/git/trees{/sha}",
} as const;

type Urls<P> = { [K in keyof P as `${K & string}_url`]: string };

function urls<P extends Record<string, string>>(base: string, parts: P): Urls<P> {
  return Object.fromEntries(Object.entries(parts).map(([name, path]) => [`${name}_url`, base + path])) as Urls<P>;
}

const SINCE = "2020-01-01T00:00:00Z";

/** An account as it is shown inside of other answers. `origin` is the address of the request. */
function shownAccount(origin: string, login: string) {
  const type = login === USER ? "User" : "Organization";
  const url = `${origin}/api/v3/users/${login}`;
  return {
    login,
    id: login.length,
    node_id: `U_${login}`,
    avatar_url: `${origin}/avatars/${login}`,
    gravatar_id: "",
    url,
    html_url: `${origin}/${login}`,
    ...urls(url, { ...ACCOUNT_PARTS, repos: "/repos", events: "/events{/privacy}" }),
    type,
    site_admin: false,
  };
}

const COUNTS = { public_repos: 0, public_gists: 0, followers: 0, following: 0 } as const;

/** An account by itself. */
export function wholeAccount(origin: string, login: string) {
  return {
    ...shownAccount(origin, login),
    ...COUNTS,
    name: login,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    created_at: SINCE,
    updated_at: SINCE,
  };
}

/** An organization by itself. */
export function wholeOrganization(origin: string, login: string) {
  const url = `${origin}/api/v3/orgs/${login}`;
  return {
    ...COUNTS,
    ...urls(url, { ...ORGANIZATION_PARTS, repos: "/repos", events: "/events" }),
    login,
    id: login.length,
    node_id: `O_${login}`,
    url,
    avatar_url: `${origin}/avatars/${login}`,
    description: null,
    html_url: `${origin}/${login}`,
    has_organization_projects: true,
    has_repository_projects: true,
    type: "Organization",
    created_at: SINCE,
    updated_at: SINCE,
    archived_at: null,
  };
}

/** A repository in GitHub's format. */
export function shownRepository(origin: string, r: Repository) {
  const fullName = `${r.owner}/${r.name}`;
  const url = `${origin}/api/v3/repos/${fullName}`;
  return {
    id: r.id,
    node_id: `R_${r.id}`,
    name: r.name,
    full_name: fullName,
    owner: shownAccount(origin, r.owner),
    ...r.settings,
    topics: r.topics,
    fork: false,
    disabled: false,
    permissions: { admin: true, push: true, pull: true },
    url,
    ...urls(url, REPOSITORY_PARTS),
    html_url: `${origin}/${fullName}`,
    clone_url: `${origin}/${fullName}.git`,
    git_url: `git://127.0.0.1/${fullName}.git`,
    ssh_url: `git@127.0.0.1:${fullName}.git`,
    svn_url: `${origin}/${fullName}`,
    mirror_url: null,
    created_at: r.createdAt,
    updated_at: r.updatedAt,
    pushed_at: r.updatedAt,
    has_pages: false,
    language: null,
    license: null,
    forks: 0,
    forks_count: 0,
    open_issues: 0,
    open_issues_count: 0,
    stargazers_count: 0,
    subscribers_count: 0,
    network_count: 0,
    watchers: 0,
    watchers_count: 0,
    size: 1,
  };
}

/** A repository within a list, which shows fewer fields. */
export function listedRepository(origin: string, r: Repository) {
  const whole: Record<string, unknown> = shownRepository(origin, r);
  const missing = ["security_and_analysis", "subscribers_count", "network_count"];
  return Object.fromEntries(Object.entries(whole).filter(([field]) => !missing.includes(field)));
}

/** A commit. Its people have no accounts here. `repository` is the repository's address in the API. */
export function shownCommit(repository: string, commit: GitCommit) {
  const at = (sha: string) => ({ sha, url: `${repository}/commits/${sha}` });
  const page = repository.replace("/api/v3/repos", "");
  return {
    ...at(commit.sha),
    node_id: `C_${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    comments_url: `${repository}/commits/${commit.sha}/comments`,
    commit: {
      url: `${repository}/git/commits/${commit.sha}`,
      message: commit.message,
      tree: { sha: commit.tree, url: `${repository}/git/trees/${commit.tree}` },
      author: commit.author,
      committer: commit.author,
      comment_count: 0,
    },
    author: null,
    committer: null,
    parents: commit.parents.map(at),
  };
}

/** A branch with its newest commit. */
export function shownBranch(repository: string, name: string, commit: GitCommit) {
  const self = `${repository}/branches/${name}`;
  return {
    name,
    commit: shownCommit(repository, commit),
    _links: { self, html: `${repository.replace("/api/v3/repos", "")}/tree/${name}` },
    protected: false,
    protection: { enabled: false, required_status_checks: { enforcement_level: "off", contexts: [], checks: [] } },
    protection_url: `${self}/protection`,
  };
}
