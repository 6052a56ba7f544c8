import type { Operation, Schema } from "../../../tools/descriptions/description.ts";
import type { DescribedService } from "./descriptions.ts";

/** Where this project or its emulators differ from a published description on purpose. */
export interface Exception {
  service: DescribedService;
  /** An older path that the service still serves, and its place in the description. */
  pathIs?: RegExp;
  as?: string;
  /** Operations that are missing from the description. */
  adds?: Readonly<Record<string, Operation>>;
  /** Operation, as described, and where in its exchange. */
  operation?: RegExp;
  place?: "query" | "body" | "answer";
  field?: RegExp;
  why: string;
  /** When the source was read. */
  date: string;
  source: string;
}

const VERCEL_PROVIDER = "https://github.com/vercel/terraform-provider-vercel, v5.4.1, client/";
const PROVIDER_PATHS = [
  [/^POST \/v(?:8|9|10)\/projects$/, "POST /v11/projects"],
  [/^DELETE \/v8\/projects\/([^/]+)$/, "DELETE /v9/projects/$1"],
  [/^GET \/v10\/projects\/([^/]+)$/, "GET /v9/projects/$1"],
  [/^GET \/v(?:8|9)\/projects\/([^/]+)\/env$/, "GET /v10/projects/$1/env"],
  [/^GET \/v(?:8|9|10)\/projects\/([^/]+)\/env\/([^/]+)$/, "GET /v1/projects/$1/env/$2"],
  [/^(PATCH|DELETE) \/v(?:8|10)\/projects\/([^/]+)\/env\/([^/]+)$/, "$1 /v9/projects/$2/env/$3"],
  [/^PATCH \/v10\/projects\/([^/]+)\/protection-bypass$/, "PATCH /v1/projects/$1/protection-bypass"],
] as const;
const VERCEL_CLI = "https://github.com/vercel/vercel, packages/client/src/types.ts and utils/index.ts";
const READ = "2026-11-30";

const TEXT: Schema = { type: "string" };
/** A request about the link of a project to a repository. */
function linking(properties?: Record<string, Schema>): Operation {
  const query: Schema = { type: "object", properties: { teamId: TEXT } };
  const body: Schema | undefined = properties && { type: "object", properties, required: Object.keys(properties) };
  return { query, ...(body && { body }), answers: { 200: {} } };
}

/** All exceptions. Each needs a source which says that the service does this. */
export const EXCEPTIONS: readonly Exception[] = [
  ...PROVIDER_PATHS.map(([pathIs, as]) => ({
    service: "vercel" as const,
    pathIs,
    as,
    why: "Vercel's own provider calls older versions, and so does the plugin of the sandbox",
    date: READ,
    source: VERCEL_PROVIDER,
  })),
  {
    service: "github",
    pathIs: /^GET \/repositories\/\d+$/,
    as: "GET /repos/owner/name",
    why: "the address by number, which the 301 of a renamed repository leads to",
    date: "2026-12-01",
    source: "https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api (redirects)",
  },
  {
    service: "github",
    pathIs: /^GET (\/repos\/[^/]+\/[^/]+\/contents)\/.+$/,
    as: "GET $1/path",
    why: "a file's path may have several parts; a description's parameter has one",
    date: READ,
    source: "https://docs.github.com/rest/repos/contents#get-repository-content",
  },
  {
    service: "gitlab",
    operation: / \/projects(?:\/\{id\}(?:\/(?:un)?archive)?)?$/,
    place: "answer",
    field:
      /^(?:\[\]\.)?(?:license|license_url|(?:only_)?mirror\w*|ci_pipeline_variables_minimum_override_role|issue_branch_template|marked_for_deletion_on|compliance_frameworks)$/,
    why: "fields of a paid edition, of another question, or without a value, all of which the client's type has as always there",
    date: READ,
    source: "https://docs.gitlab.com/api/projects/#retrieve-a-project",
  },
  {
    service: "gitlab",
    operation: / \/projects(?:\/\{id\}(?:\/(?:un)?archive)?)?$/,
    place: "answer",
    field: /^(?:\[\]\.)?default_branch$/,
    why: "an empty project has no default branch, which the client's type leaves out",
    date: READ,
    source: "https://gitlab.com/gitlab-org/gitlab, lib/api/entities/basic_project_details.rb",
  },
  {
    service: "gitlab",
    operation: /\/personal_access_tokens\/self$/,
    place: "answer",
    field: /^(?:token|expires_at)$/,
    why: "only the answer to its creation has the token itself, and a token without an end has null",
    date: READ,
    source: "https://docs.gitlab.com/api/personal_access_tokens",
  },
  {
    service: "vercel",
    operation: /^(POST \/v11\/projects|PATCH \/v9\/projects\/\{idOrName\})$/,
    place: "body",
    field: /^(framework|gitComments|productionDeploymentsFastLane|oidcTokenConfig\.enabled)$/,
    why: "Vercel's own provider sends these: null for a setting that the program leaves out, and settings without a description",
    date: READ,
    source: `${VERCEL_PROVIDER}project.go`,
  },
  {
    service: "vercel",
    operation: /^POST \/v13\/deployments$/,
    place: "body",
    field: /^(env|build|files\[\]\.mode)$/,
    why: "variables of one deployment, and whether a file is executable: `vercel deploy --env --build-env` sends them",
    date: READ,
    source: VERCEL_CLI,
  },
  {
    service: "vercel",
    adds: {
      "PATCH /v1/projects/{idOrName}/crons": {
        query: { type: "object", properties: { slug: { type: "string" }, teamId: { type: "string" } } },
        body: { type: "object", properties: { enabled: { type: "boolean" } }, required: ["enabled"] },
        answers: { 200: {} },
      },
    },
    why: "the switch of a project's cron jobs, which Vercel's own provider uses",
    date: READ,
    source: `${VERCEL_PROVIDER}project_crons.go`,
  },
  {
    service: "vercel",
    operation: /^GET \/v9\/projects\/\{idOrName\}$/,
    place: "query",
    field: /^rollbackInfo$/,
    why: "without it the answer does not show the last promotion or rollback; Vercel's own command asks so",
    date: "2026-12-01",
    source: "https://github.com/vercel/vercel, packages/cli/src/commands/rollback/status.ts and util/projects",
  },
  {
    service: "cloudflare",
    operation: /dns_records/,
    place: "answer",
    field: /\.comment$/,
    why: "a record without a comment has null there",
    date: READ,
    source:
      "https://github.com/cloudflare/terraform-provider-cloudflare, internal/services/dns_record/model.go (computed, optional)",
  },
  {
    service: "cloudflare",
    operation: /dns_records/,
    place: "answer",
    field: /^errors\[\]\.error_chain/,
    why: "the reason of a refused record",
    date: READ,
    source: "https://github.com/cloudflare/cloudflare-go, v0.116.0, cloudflare.go (ResponseInfo)",
  },
  {
    service: "vercel",
    adds: {
      "POST /v9/projects/{idOrName}/link": linking({ type: TEXT, repo: TEXT }),
      "DELETE /v9/projects/{idOrName}/link": linking(),
      "PATCH /v9/projects/{idOrName}/branch": linking({ branch: TEXT }),
    },
    why: "Vercel's own provider links a project to a repository by them; they have no description",
    date: READ,
    source: `${VERCEL_PROVIDER}project.go`,
  },
  {
    service: "vercel",
    operation: /^GET \/v8\/certs$/,
    place: "query",
    field: /^(limit|until)$/,
    why: "the answer has pages, and Vercel's own command line asks for them so",
    date: "2026-12-01",
    source: "https://github.com/vercel/vercel, packages/cli/src/util/certs/get-certs.ts",
  },
  {
    service: "supabase",
    adds: {
      "POST /v1/projects/{ref}/database/backups/restore": {
        query: { type: "object", properties: {} },
        body: { type: "object", properties: { id: { type: "integer" } }, required: ["id"] },
        answers: { 201: {} },
      },
    },
    why: "in the API's later description (v1-restore-physical-backup), which no package has yet",
    date: READ,
    source: "https://supabase.com/docs/reference/api/v1-restore-physical-backup",
  },
  {
    service: "supabase",
    operation: /^GET \/v1\/projects\/\{ref\}\/database\/backups$/,
    place: "answer",
    field: /^backups\[\]\.id$/,
    why: "in the API's later description, which no package has yet; the client does without it",
    date: READ,
    source: "https://supabase.com/docs/reference/api/v1-list-all-backups",
  },
];
