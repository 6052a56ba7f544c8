import { z } from "zod";

import { given } from "../rest.ts";

/** Names for the scope of Vercel's own login, in the SDK and in Vercel's API. */
const REACH = {
  standard_protection: "prod_deployment_urls_and_all_previews",
  standard_protection_new: "all_except_custom_domains",
  all_deployments: "all",
  only_preview_deployments: "preview",
  none: "none",
} as const;
type Reach = keyof typeof REACH;
const reach = z.enum(Object.keys(REACH) as [Reach, ...Reach[]]);

const text = z.string().optional();
const flag = z.boolean().optional();
const gitRepository = z.strictObject({
  type: z.enum(["github", "gitlab", "bitbucket"]),
  repo: z.string().min(1),
  productionBranch: text,
});
/** The inputs of a project. */
export const inputs = z.strictObject({
  name: z.string().regex(/^[a-z0-9._-]{1,100}$/, "A project's name has at most 100 small letters, digits and ._-"),
  buildCommand: text,
  devCommand: text,
  framework: text,
  installCommand: text,
  outputDirectory: text,
  rootDirectory: text,
  previewDeploymentSuffix: text,
  ignoreCommand: text,
  nodeVersion: text,
  gitRepository: gitRepository.optional(),
  resourceConfig: z.strictObject({ functionDefaultRegions: z.array(z.string()).optional(), fluid: flag }).optional(),
  vercelAuthentication: z.strictObject({ deploymentType: reach }).optional(),
  passwordProtection: z.strictObject({ deploymentType: reach, password: z.string() }).optional(),
  autoAssignCustomDomains: flag,
  gitForkProtection: flag,
  automaticallyExposeSystemEnvironmentVariables: flag,
  enableAffectedProjectsDeployments: flag,
  enableProductionFeedback: flag,
  previewDeploymentsDisabled: flag,
  gitLfs: flag,
  functionFailover: flag,
  customerSuccessCodeVisibility: flag,
  prioritiseProductionBuilds: flag,
  directoryListing: flag,
  protectedSourcemaps: flag,
});
export type Inputs = z.infer<typeof inputs>;

/** Settings that are optional and not computed: without a value the official plugin sends null. By input, Vercel's name. */
const NULLED = {
  buildCommand: "buildCommand",
  devCommand: "devCommand",
  framework: "framework",
  installCommand: "installCommand",
  outputDirectory: "outputDirectory",
  previewDeploymentSuffix: "previewDeploymentSuffix",
  rootDirectory: "rootDirectory",
} as const;
/** Computed settings: without a value the last one is sent, at creation false. */
const COMPUTED = {
  automaticallyExposeSystemEnvironmentVariables: "autoExposeSystemEnvs",
  enableAffectedProjectsDeployments: "enableAffectedProjectsDeployments",
  enableProductionFeedback: "enableProductionFeedback",
  previewDeploymentsDisabled: "previewDeploymentsDisabled",
  gitLfs: "gitLFS",
  functionFailover: "serverlessFunctionZeroConfigFailover",
  customerSuccessCodeVisibility: "customerSupportCodeVisibility",
  prioritiseProductionBuilds: "productionDeploymentsFastLane",
  directoryListing: "directoryListing",
  protectedSourcemaps: "protectedSourcemaps",
} as const;
type Computed = keyof typeof COMPUTED;
const COMPUTED_AT_CREATION = [
  "enableAffectedProjectsDeployments",
  "enableProductionFeedback",
  "previewDeploymentsDisabled",
] as const satisfies Computed[];
/** Settings with a default of the plugin's own: without a value it sends true, whatever the project has. */
const DEFAULTED = ["autoAssignCustomDomains", "gitForkProtection"] as const;

/** A project in the service's answer. */
export const answer = z.looseObject({
  id: z.string(),
  name: z.string(),
  nodeVersion: z.string().nullish(),
  ssoProtection: z.object({ deploymentType: z.string() }).nullish(),
  passwordProtection: z.object({ deploymentType: z.string() }).nullish(),
  resourceConfig: z
    .object({ functionDefaultRegions: z.array(z.string()).optional(), fluid: z.boolean().optional() })
    .nullish(),
  link: z
    .object({ type: z.string(), org: z.string(), repo: z.string(), productionBranch: z.string().optional() })
    .nullish(),
});
export type Answer = z.infer<typeof answer>;

/** Vercel's choices for what the program leaves out: stored, and sent with the next change. */
export type Outputs = Partial<Record<Computed, boolean>> & {
  vercelAuthentication: { deploymentType: Reach };
  nodeVersion?: string;
  gitRepository?: Inputs["gitRepository"];
};

/** The official plugin's values for settings that neither the program nor Vercel has set yet. */
export const NONE: Outputs = { vercelAuthentication: { deploymentType: "standard_protection_new" } };

/** The settings in both requests; null resets one to Vercel's own choice. */
function build(wanted: Inputs, last: Outputs) {
  return {
    ...Object.fromEntries(
      Object.entries(NULLED).map(([key, name]) => [name, wanted[key as keyof typeof NULLED] ?? null]),
    ),
    oidcTokenConfig: { issuerMode: "team" },
    ...Object.fromEntries(COMPUTED_AT_CREATION.map((key) => [key, wanted[key] ?? last[key] ?? false])),
  };
}

/** The request that creates a project. */
export function creation(wanted: Inputs) {
  return {
    name: wanted.name,
    ...build(wanted, NONE),
    ssoProtection: protectionOf(wanted, NONE),
    ...(wanted.gitRepository && {
      gitRepository: { type: wanted.gitRepository.type, repo: wanted.gitRepository.repo },
    }),
  };
}

/** The request that changes a project: almost every setting, also those that the program leaves out. */
export function change(wanted: Inputs, last: Outputs) {
  return {
    ...build(wanted, last),
    ...Object.fromEntries(
      Object.entries(COMPUTED).map(([key, name]) => [name, wanted[key as Computed] ?? last[key as Computed] ?? false]),
    ),
    ...Object.fromEntries(DEFAULTED.map((key) => [key, wanted[key] ?? true])),
    ssoProtection: protectionOf(wanted, last),
    ...(wanted.nodeVersion !== undefined && { nodeVersion: wanted.nodeVersion }),
    commandForIgnoringBuildStep: wanted.ignoreCommand ?? null,
    passwordProtection: wanted.passwordProtection
      ? { ...wanted.passwordProtection, deploymentType: REACH[wanted.passwordProtection.deploymentType] }
      : null,
    // These remove settings that were made outside the program.
    trustedIps: null,
    trustedSources: null,
    optionsAllowlist: null,
    enablePreviewFeedback: null,
    skewProtectionMaxAge: 0,
    gitComments: null,
  };
}

function protectionOf({ vercelAuthentication }: Inputs, last: Outputs) {
  return { deploymentType: REACH[(vercelAuthentication ?? last.vercelAuthentication).deploymentType] };
}

function reachOf(type = "none"): Reach {
  return reach.options.find((option) => REACH[option] === type) ?? "none";
}

/** The outputs of a project as it is. */
export function outputsOf(found: Answer): Outputs {
  const { ssoProtection, nodeVersion, link } = found;
  return {
    ...Object.fromEntries(Object.entries(COMPUTED).map(([key, name]) => [key, found[name] === true])),
    vercelAuthentication: { deploymentType: reachOf(ssoProtection?.deploymentType) },
    ...(given(nodeVersion) && { nodeVersion }),
    ...(given(link) && { gitRepository: linkOf(link) }),
  };
}

function linkOf({ type, org, repo, productionBranch }: NonNullable<Answer["link"]>): Inputs["gitRepository"] {
  return gitRepository.parse({
    type,
    repo: `${org}/${repo}`,
    ...(productionBranch !== undefined && { productionBranch }),
  });
}

/** Vercel's own choices are not drift; settings made outside the program are. An import reads all of them. */
export function inputsOf(found: Answer, last: Inputs | undefined): Inputs {
  const { passwordProtection, resourceConfig } = found;
  const { gitRepository: link, ...computed } = outputsOf(found);
  const nulled = [...Object.entries(NULLED), ["ignoreCommand", "commandForIgnoringBuildStep"] as const].map(
    ([key, name]) => [key, found[name]] as const,
  );
  const defaulted = DEFAULTED.map((key) => [key, found[key] !== false] as const);
  const chosen = Object.entries({ ...computed, ...Object.fromEntries(defaulted), resourceConfig });
  const others = {
    name: found.name,
    gitRepository: link,
    // Vercel shows no password, and the official plugin imports an empty one.
    passwordProtection: given(passwordProtection)
      ? {
          password: last?.passwordProtection?.password ?? "",
          deploymentType: reachOf(passwordProtection.deploymentType),
        }
      : undefined,
  };
  const said = chosen.filter(([key]) => last === undefined || last[key as keyof Inputs] !== undefined);
  const all = [...Object.entries(others), ...nulled, ...said];
  return inputs.parse(Object.fromEntries(all.filter(([, value]) => given(value))));
}
