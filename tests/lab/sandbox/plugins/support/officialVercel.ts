/**
 * The requests of the official plugin to Vercel, recorded on 29 November 2026. The plugin was terraform-provider-vercel v5.4.1 (the code of
 * @pulumiverse/vercel 5.4.1), built from its source at that tag (https://github.com/vercel/terraform-provider-vercel, client/ and vercel/)
 * and run against a local server. PROJECT replaces the project's id in paths; queries are left out.
 */
export interface Sent {
  /** Method and path. */
  readonly request: string;
  readonly body?: unknown;
}

/** The inputs of a project in our program. */
export const PROGRAM = {
  vercelAuthentication: { deploymentType: "standard_protection_new" },
  automaticallyExposeSystemEnvironmentVariables: true,
} as const;

/** Sent at creation, even if the program sets none of them, and again at each change. */
const SETTINGS = {
  buildCommand: null,
  devCommand: null,
  enableAffectedProjectsDeployments: false,
  framework: null,
  installCommand: null,
  oidcTokenConfig: { issuerMode: "team" },
  outputDirectory: null,
  previewDeploymentSuffix: null,
  rootDirectory: null,
  enableProductionFeedback: false,
  ssoProtection: { deploymentType: "all_except_custom_domains" },
  previewDeploymentsDisabled: false,
};

/** Sent at each change. */
const CHANGED = {
  ...SETTINGS,
  commandForIgnoringBuildStep: null,
  passwordProtection: null,
  trustedIps: null,
  trustedSources: null,
  optionsAllowlist: null,
  enablePreviewFeedback: null,
  autoAssignCustomDomains: true,
  gitLFS: false,
  serverlessFunctionZeroConfigFailover: false,
  customerSupportCodeVisibility: false,
  gitForkProtection: true,
  productionDeploymentsFastLane: false,
  directoryListing: false,
  protectedSourcemaps: false,
  skewProtectionMaxAge: 0,
  gitComments: null,
};

const creation = (autoExposeSystemEnvs: boolean): Sent[] => [
  { request: "POST /v8/projects", body: { name: "app", ...SETTINGS } },
  { request: "GET /v8/projects/PROJECT/env" },
  { request: "PATCH /v9/projects/PROJECT", body: { ...CHANGED, autoExposeSystemEnvs } },
];
/** A program that gives a project only its name: protected, and without system variables. */
export const ONLY_A_NAME = creation(false);
/** A program with the inputs of ours. */
export const AS_OURS = creation(true);

/** The same project after the program has set `outputDirectory`. */
export const UPDATED: Sent[] = [
  {
    request: "PATCH /v9/projects/PROJECT",
    body: {
      ...CHANGED,
      autoExposeSystemEnvs: true,
      outputDirectory: "dist",
      resourceConfig: { fluid: false, elasticConcurrencyEnabled: false },
      nodeVersion: "24.x",
    },
  },
  { request: "GET /v8/projects/PROJECT/env" },
];

const variable = (key: string, value: string) => ({
  key,
  value,
  target: ["production"],
  type: "sensitive",
  comment: "",
});
/** Two variables of one resource. */
export const VARIABLES: Sent[] = [
  { request: "POST /v10/projects/PROJECT/env", body: [variable("A", "1"), variable("B", "2")] },
];
/** The same two with other values: deleted and created again. ENV replaces a variable's id. */
export const VARIABLES_CHANGED: Sent[] = [
  { request: "GET /v8/projects/PROJECT/env" },
  { request: "DELETE /v8/projects/PROJECT/env/ENV" },
  { request: "DELETE /v8/projects/PROJECT/env/ENV" },
  { request: "POST /v10/projects/PROJECT/env", body: [variable("A", "3"), variable("B", "4")] },
];
