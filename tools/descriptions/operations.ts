/** The operations whose descriptions are kept: those that a client of this project calls, and those that an emulator answers. */

/** GitHub's, of https://docs.github.com/rest. */
export const GITHUB_OPERATIONS = [
  "GET /user",
  "GET /user/repos",
  "POST /user/repos",
  "GET /users/{username}",
  "GET /orgs/{org}",
  "POST /orgs/{org}/repos",
  "GET /repos/{owner}/{repo}",
  "PATCH /repos/{owner}/{repo}",
  "DELETE /repos/{owner}/{repo}",
  "GET /repos/{owner}/{repo}/actions/permissions",
  "PUT /repos/{owner}/{repo}/actions/permissions",
  "GET /repos/{owner}/{repo}/branches",
  "GET /repos/{owner}/{repo}/branches/{branch}",
  "PUT /repos/{owner}/{repo}/branches/{branch}/protection",
  "DELETE /repos/{owner}/{repo}/branches/{branch}/protection",
  "GET /repos/{owner}/{repo}/commits/{ref}",
  "GET /repos/{owner}/{repo}/contents/{path}",
  "GET /repos/{owner}/{repo}/git/ref/{ref}",
  "GET /repos/{owner}/{repo}/topics",
  "PUT /repos/{owner}/{repo}/topics",
  "GET /repos/{owner}/{repo}/vulnerability-alerts",
  "PUT /repos/{owner}/{repo}/vulnerability-alerts",
  "DELETE /repos/{owner}/{repo}/vulnerability-alerts",
];

/** Types of requests and answers that the package of GitLab's client declares; a list of one as `[type]`. */
export interface TypedOperation {
  readonly query?: string;
  readonly body?: string;
  readonly answer?: string | readonly [string];
}

/** GitLab's, of https://docs.gitlab.com/api/rest. */
export const GITLAB_OPERATIONS: Readonly<Record<string, TypedOperation>> = {
  "GET /personal_access_tokens/self": { answer: "PersonalAccessTokenSchema" },
  "GET /namespaces/{id}": { answer: "CondensedNamespaceSchema" },
  "GET /projects": { query: "AllProjectsOptions", answer: ["ProjectSchema"] },
  "POST /projects": { body: "CreateProjectOptions", answer: "ProjectSchema" },
  "GET /projects/{id}": { answer: "ProjectSchema" },
  "PUT /projects/{id}": { body: "EditProjectOptions", answer: "ProjectSchema" },
  "POST /projects/{id}/archive": { answer: "ProjectSchema" },
  "POST /projects/{id}/unarchive": { answer: "ProjectSchema" },
  "GET /projects/{id}/repository/branches": { answer: ["BranchSchema"] },
  "GET /projects/{id}/repository/files/{file_path}": { answer: "RepositoryFileExpandedSchema" },
  "GET /projects/{id}/repository/tree": { query: "AllRepositoryTreesOptions", answer: ["RepositoryTreeSchema"] },
  "GET /projects/{id}/protected_branches": { answer: ["ProtectedBranchSchema"] },
  "POST /projects/{id}/protected_branches": { body: "CreateProtectedBranchOptions", answer: "ProtectedBranchSchema" },
  "PATCH /projects/{id}/protected_branches/{name}": {
    body: "EditProtectedBranchOptions",
    answer: "ProtectedBranchSchema",
  },
  "DELETE /projects/{id}/protected_branches/{name}": {},
};

/** Vercel's, of https://vercel.com/docs/rest-api. */
export const VERCEL_OPERATIONS = [
  "GET /v2/user",
  "GET /v5/user/tokens/{tokenId}",
  "GET /v2/teams",
  "GET /v2/teams/{teamId}",
  "GET /v10/projects",
  "POST /v11/projects",
  "GET /v9/projects/{idOrName}",
  "PATCH /v9/projects/{idOrName}",
  "DELETE /v9/projects/{idOrName}",
  "POST /v1/projects/{projectId}/pause",
  "POST /v1/projects/{projectId}/unpause",
  "PATCH /v1/projects/{idOrName}/protection-bypass",
  "GET /v10/projects/{idOrName}/env",
  "POST /v10/projects/{idOrName}/env",
  "GET /v1/projects/{idOrName}/env/{id}",
  "PATCH /v9/projects/{idOrName}/env/{id}",
  "DELETE /v9/projects/{idOrName}/env/{id}",
  "GET /v9/projects/{idOrName}/domains",
  "POST /v10/projects/{idOrName}/domains",
  "GET /v9/projects/{idOrName}/domains/{domain}",
  "PATCH /v9/projects/{idOrName}/domains/{domain}",
  "DELETE /v9/projects/{idOrName}/domains/{domain}",
  "POST /v9/projects/{idOrName}/domains/{domain}/verify",
  "POST /v1/projects/{idOrName}/domains/{domain}/move",
  "GET /v8/certs",
  "POST /v2/files",
  "POST /v13/deployments",
  "GET /v7/deployments",
  "GET /v13/deployments/{idOrUrl}",
  "DELETE /v13/deployments/{id}",
  "GET /v4/aliases/{idOrAlias}",
  "POST /v10/projects/{projectId}/promote/{deploymentId}",
  "POST /v1/projects/{projectId}/rollback/{deploymentId}",
  "GET /v1/projects/{idOrName}/rolling-release",
];

/** Cloudflare's, of https://developers.cloudflare.com/api, each with the file, class and method of the package that call it. */
export const CLOUDFLARE_OPERATIONS: Readonly<Record<string, readonly [string, string, string]>> = {
  "GET /user/tokens/verify": ["user/tokens/tokens", "BaseTokens", "verify"],
  "GET /zones": ["zones/zones", "BaseZones", "list"],
  "POST /zones": ["zones/zones", "BaseZones", "create"],
  "GET /zones/{zone_id}": ["zones/zones", "BaseZones", "get"],
  "PATCH /zones/{zone_id}": ["zones/zones", "BaseZones", "edit"],
  "DELETE /zones/{zone_id}": ["zones/zones", "BaseZones", "delete"],
  "GET /zones/{zone_id}/ssl/certificate_packs": [
    "ssl/certificate-packs/certificate-packs",
    "BaseCertificatePacks",
    "list",
  ],
  "GET /zones/{zone_id}/dns_records": ["dns/records", "BaseRecords", "list"],
  "POST /zones/{zone_id}/dns_records": ["dns/records", "BaseRecords", "create"],
  "GET /zones/{zone_id}/dns_records/{dns_record_id}": ["dns/records", "BaseRecords", "get"],
  "PUT /zones/{zone_id}/dns_records/{dns_record_id}": ["dns/records", "BaseRecords", "update"],
  "PATCH /zones/{zone_id}/dns_records/{dns_record_id}": ["dns/records", "BaseRecords", "edit"],
  "DELETE /zones/{zone_id}/dns_records/{dns_record_id}": ["dns/records", "BaseRecords", "delete"],
};

/** Those of Supabase's Management API, of https://supabase.com/docs/reference/api. */
export const SUPABASE_OPERATIONS = [
  "GET /v1/organizations",
  "GET /v1/organizations/{slug}",
  "GET /v1/organizations/{slug}/projects",
  "GET /v1/projects",
  "GET /v1/projects/available-regions",
  "GET /v1/projects/{ref}/billing/addons",
  "GET /v1/projects/{ref}/config/disk/util",
  "POST /v1/projects",
  "GET /v1/projects/{ref}",
  "DELETE /v1/projects/{ref}",
  "POST /v1/projects/{ref}/pause",
  "POST /v1/projects/{ref}/restore",
  "GET /v1/projects/{ref}/health",
  "GET /v1/projects/{ref}/api-keys",
  "GET /v1/projects/{ref}/config/database/pooler",
  "GET /v1/projects/{ref}/config/auth",
  "PATCH /v1/projects/{ref}/config/auth",
  "GET /v1/projects/{ref}/config/storage",
  "PATCH /v1/projects/{ref}/config/storage",
  "PATCH /v1/projects/{ref}/database/password",
  "GET /v1/projects/{ref}/database/backups",
  "POST /v1/projects/{ref}/database/backups/restore-pitr",
  "GET /v1/projects/{ref}/readonly",
  "PATCH /v1/projects/{ref}/billing/addons",
  "POST /v1/projects/{ref}/config/disk",
  "GET /v1/projects/{ref}/functions",
  "POST /v1/projects/{ref}/functions",
  "PATCH /v1/projects/{ref}/functions/{function_slug}",
  "GET /v1/projects/{ref}/functions/{function_slug}/body",
];
