import type { GitCommit } from "./git.ts";
import { type Project, USER } from "./gitlabState.ts";

/** A group in GitLab's format. */
export function shownNamespace(origin: string, group: string) {
  const path = group.slice(group.lastIndexOf("/") + 1);
  return {
    id: 1000 + Buffer.from(group.toLowerCase()).reduce((sum, byte) => (sum * 31 + byte) % 1_000_000, 0),
    name: path,
    path,
    kind: "group",
    full_path: group,
    parent_id: null,
    avatar_url: null,
    web_url: `${origin}/groups/${group}`,
  };
}

/** A project in GitLab's format, as a maintainer sees it. */
export function shownProject(origin: string, project: Project) {
  const { id, group, path, settings, archived, defaultBranch, createdAt, updatedAt } = project;
  const fullPath = `${group}/${path}`;
  const web = `${origin}/${fullPath}`;
  const self = `${origin}/api/v4/projects/${id}`;
  const isOn = (part: string) => settings[`${part}_access_level`] !== "disabled";
  return {
    id,
    description_html: "",
    name_with_namespace: `${group} / ${String(settings["name"])}`,
    path,
    path_with_namespace: fullPath,
    created_at: createdAt,
    updated_at: updatedAt,
    default_branch: defaultBranch,
    topics: [],
    ssh_url_to_repo: `ssh://git@localhost/${fullPath}.git`,
    http_url_to_repo: `${web}.git`,
    web_url: web,
    readme_url: null,
    forks_count: 0,
    avatar_url: null,
    star_count: 0,
    last_activity_at: updatedAt,
    namespace: shownNamespace(origin, group),
    empty_repo: defaultBranch === null,
    archived,
    owner: { id: USER.id, name: USER.name, created_at: createdAt },
    ...settings,
    issues_enabled: isOn("issues"),
    merge_requests_enabled: isOn("merge_requests"),
    wiki_enabled: isOn("wiki"),
    jobs_enabled: isOn("builds"),
    snippets_enabled: isOn("snippets"),
    open_issues_count: 0,
    can_create_merge_request_in: true,
    resolve_outdated_diff_discussions: false,
    security_and_compliance_access_level: "private",
    container_expiration_policy: {
      cadence: "1d",
      enabled: false,
      keep_n: 10,
      older_than: "90d",
      name_regex_delete: ".*",
      name_regex_keep: null,
      next_run_at: createdAt,
    },
    creator_id: USER.id,
    import_url: null,
    import_type: null,
    import_status: "none",
    import_error: null,
    permissions: {
      project_access: { access_level: 40, notification_level: 3 },
      group_access: { access_level: 50, notification_level: 3 },
    },
    shared_runners_enabled: true,
    group_runners_enabled: true,
    runners_token: "GR1348941-secret-of-the-project",
    ci_default_git_depth: 20,
    ci_forward_deployment_enabled: true,
    ci_forward_deployment_rollback_allowed: true,
    ci_allow_fork_pipelines_to_run_in_parent_project: true,
    ci_separated_caches: true,
    ci_restrict_pipeline_cancellation_role: "developer",
    public_jobs: true,
    shared_with_groups: [],
    repository_storage: "default",
    only_allow_merge_if_pipeline_succeeds: false,
    allow_merge_on_skipped_pipeline: false,
    only_allow_merge_if_all_discussions_are_resolved: false,
    remove_source_branch_after_merge: true,
    printing_merge_requests_link_enabled: true,
    request_access_enabled: true,
    merge_method: "merge",
    squash_option: "default_off",
    auto_devops_deploy_strategy: "continuous",
    external_authorization_classification_label: null,
    packages_enabled: true,
    service_desk_enabled: false,
    service_desk_address: null,
    autoclose_referenced_issues: true,
    suggestion_commit_message: null,
    enforce_auth_checks_on_uploads: true,
    merge_commit_template: null,
    squash_commit_template: null,
    warn_about_potentially_unwanted_characters: true,
    container_registry_image_prefix: `localhost/${fullPath}`,
    _links: {
      self,
      issues: `${self}/issues`,
      merge_requests: `${self}/merge_requests`,
      repo_branches: `${self}/repository/branches`,
      labels: `${self}/labels`,
      events: `${self}/events`,
      members: `${self}/members`,
      cluster_agents: `${self}/cluster_agents`,
    },
  };
}

/** A branch in GitLab's format. */
export function shownBranch(origin: string, project: Project, name: string, commit: GitCommit) {
  const { sha, parents, message, author } = commit;
  const web = `${origin}/${project.group}/${project.path}/-`;
  return {
    name,
    merged: false,
    protected: name in project.rules,
    default: name === project.defaultBranch,
    developers_can_push: false,
    developers_can_merge: false,
    can_push: true,
    web_url: `${web}/tree/${name}`,
    commit: {
      id: sha,
      short_id: sha.slice(0, 8),
      title: message.split("\n")[0] ?? "",
      message,
      parent_ids: parents,
      author_name: author.name,
      author_email: author.email,
      authored_date: author.date,
      committer_name: author.name,
      committer_email: author.email,
      committed_date: author.date,
      trailers: {},
      extended_trailers: {},
    },
  };
}

/** A protected branch in GitLab's format. */
export function shownRule(id: number, name: string, allowsForce: boolean) {
  const levels = [{ id, access_level: 40, access_level_description: "Maintainers", user_id: null, group_id: null }];
  return {
    id,
    name,
    push_access_levels: levels,
    merge_access_levels: levels,
    unprotect_access_levels: [],
    allow_force_push: allowsForce,
    code_owner_approval_required: false,
  };
}
