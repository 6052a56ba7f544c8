/**
 * What the official plugin sends to Vercel, as it was seen on the wire on 29 November 2026: terraform-provider-vercel v5.4.1 (the code
 * inside of @pulumiverse/vercel 5.4.1), built from its source at that tag (https://github.com/vercel/terraform-provider-vercel, client/ and
 * vercel/) and run against a local server. IDs and paths stand with PROJECT for the project's id; queries are left out.
 */
export interface Sent {
  /** Method and path. */
  readonly request: string;
  readonly body?: unknown;
}

/** What our program asks for of a project. */
export const PROGRAM = {
  vercelAuthentication: { deploymentType: "standard_protection_new" },
  automaticallyExposeSystemEnvironmentVariables: true,
} as const;

/** Sent at creation, whatever the program leaves out. */
const CREATED = {
  buildCommand: null,
  devCommand: null,
  enableAffectedProjectsDeployments: false,
  framework: null,
  installCommand: null,
  name: "app",
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
  buildCommand: null,
  commandForIgnoringBuildStep: null,
  devCommand: null,
  framework: null,
  installCommand: null,
  outputDirectory: null,
  previewDeploymentSuffix: null,
  rootDirectory: null,
  ssoProtection: { deploymentType: "all_except_custom_domains" },
  passwordProtection: null,
  trustedIps: null,
  trustedSources: null,
  oidcTokenConfig: { issuerMode: "team" },
  optionsAllowlist: null,
  enablePreviewFeedback: null,
  enableProductionFeedback: false,
  enableAffectedProjectsDeployments: false,
  previewDeploymentsDisabled: false,
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
  { request: "POST /v8/projects", body: CREATED },
  { request: "GET /v8/projects/PROJECT/env" },
  { request: "PATCH /v9/projects/PROJECT", body: { ...CHANGED, autoExposeSystemEnvs } },
];
/** A program that gives a project only its name: protected, and without system variables. */
export const ONLY_A_NAME = creation(false);
/** A program that says what ours does. */
export const AS_OURS = creation(true);

/** The same project, once the program sets `outputDirectory`. */
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
/** The same, both with other values: deleted and made again. ENV is a variable's id. */
export const VARIABLES_CHANGED: Sent[] = [
  { request: "GET /v8/projects/PROJECT/env" },
  { request: "DELETE /v8/projects/PROJECT/env/ENV" },
  { request: "DELETE /v8/projects/PROJECT/env/ENV" },
  { request: "POST /v10/projects/PROJECT/env", body: [variable("A", "3"), variable("B", "4")] },
];
