import { z } from "zod";

import { resource } from "../../../../provider/host/index.ts";
import { unlessNotFound } from "../../../../services/http/http.ts";
import { given, type RestContext, send } from "../rest.ts";
import { list } from "./variables.ts";

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
const inputs = z.strictObject({
  name: z.string().regex(/^[a-z0-9._-]{1,100}$/, "A project's name has at most 100 small letters, digits and ._-"),
  buildCommand: text,
  devCommand: text,
  installCommand: text,
  outputDirectory: text,
  rootDirectory: text,
  nodeVersion: text,
  vercelAuthentication: z.strictObject({ deploymentType: reach }).optional(),
  automaticallyExposeSystemEnvironmentVariables: z.boolean().optional(),
});
type Inputs = z.infer<typeof inputs>;

const answer = z.object({
  id: z.string(),
  name: z.string(),
  buildCommand: z.string().nullish(),
  devCommand: z.string().nullish(),
  installCommand: z.string().nullish(),
  outputDirectory: z.string().nullish(),
  rootDirectory: z.string().nullish(),
  nodeVersion: z.string().nullish(),
  autoExposeSystemEnvs: z.boolean().nullish(),
  ssoProtection: z.object({ deploymentType: z.string() }).nullish(),
});
type Answer = z.infer<typeof answer>;

/** Vercel's choices for what the program leaves out: stored, and sent with the next change. */
interface Outputs {
  vercelAuthentication: { deploymentType: Reach };
  automaticallyExposeSystemEnvironmentVariables: boolean;
  nodeVersion?: string;
}

/**
 * vercel:index/project:Project, in the requests of the official plugin: POST, GET of the variables, and a PATCH with almost every setting,
 * also those that the program leaves out (tests/lab/sandbox/plugins/support/officialVercel.ts). If the PATCH fails, the project exists and
 * no state contains it. Without `framework`: with one, the official plugin calls another host.
 */
export const project = resource<RestContext, Inputs, Outputs>({
  inputs,
  autoName: { property: "name" },
  async create(context, wanted) {
    const ask = asking(context);
    const { id } = await ask("POST", "/v8/projects", creation(wanted));
    await list(context, id);
    const made = await ask("PATCH", `/v9/projects/${id}`, change(wanted, DEFAULTS));
    return { id, outputs: outputsOf(made) };
  },
  async read(context, id, last) {
    const found = await unlessNotFound(asking(context)("GET", `/v10/projects/${id}`));
    return found && { id, inputs: inputsOf(found, last?.inputs), outputs: outputsOf(found) };
  },
  async update(context, id, olds, news) {
    const { nodeVersion } = olds.outputs;
    const body = {
      ...(news.name === olds.inputs.name ? {} : { name: news.name }),
      ...change(news, olds.outputs),
      resourceConfig: { fluid: false, elasticConcurrencyEnabled: false },
      nodeVersion: news.nodeVersion ?? nodeVersion,
    };
    const changed = await asking(context)("PATCH", `/v9/projects/${id}`, body);
    await list(context, id);
    return outputsOf(changed);
  },
  async delete({ service }, id) {
    await unlessNotFound(send(service, { method: "DELETE", path: `/v8/projects/${id}` }));
  },
});

/** The official plugin's values for settings that neither the program nor Vercel has set yet. */
const DEFAULTS: Outputs = {
  vercelAuthentication: { deploymentType: "standard_protection_new" },
  automaticallyExposeSystemEnvironmentVariables: false,
};

function asking({ service }: RestContext) {
  return async (method: "GET" | "POST" | "PATCH", path: string, body?: object) =>
    answer.parse(await send(service, { method, path, ...(body && { body }) }));
}

/** The settings in both requests; null resets one to Vercel's own choice. */
function build({ buildCommand, devCommand, installCommand, outputDirectory, rootDirectory }: Inputs) {
  return {
    buildCommand: buildCommand ?? null,
    devCommand: devCommand ?? null,
    framework: null,
    installCommand: installCommand ?? null,
    outputDirectory: outputDirectory ?? null,
    previewDeploymentSuffix: null,
    rootDirectory: rootDirectory ?? null,
    oidcTokenConfig: { issuerMode: "team" },
    enableAffectedProjectsDeployments: false,
    enableProductionFeedback: false,
    previewDeploymentsDisabled: false,
  };
}

function creation(wanted: Inputs) {
  return { name: wanted.name, ...build(wanted), ssoProtection: protectionOf(wanted, DEFAULTS) };
}

function change(wanted: Inputs, last: Outputs) {
  const exposed =
    wanted.automaticallyExposeSystemEnvironmentVariables ?? last.automaticallyExposeSystemEnvironmentVariables;
  return {
    ...build(wanted),
    ssoProtection: protectionOf(wanted, last),
    autoExposeSystemEnvs: exposed,
    ...(wanted.nodeVersion !== undefined && { nodeVersion: wanted.nodeVersion }),
    commandForIgnoringBuildStep: null,
    // These remove settings that were made outside the program.
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
}

function protectionOf({ vercelAuthentication }: Inputs, last: Outputs) {
  return { deploymentType: REACH[(vercelAuthentication ?? last.vercelAuthentication).deploymentType] };
}

function reachOf(found: Answer): Reach {
  const type = found.ssoProtection?.deploymentType ?? "none";
  return reach.options.find((option) => REACH[option] === type) ?? "none";
}

function outputsOf(found: Answer): Outputs {
  return {
    vercelAuthentication: { deploymentType: reachOf(found) },
    automaticallyExposeSystemEnvironmentVariables: found.autoExposeSystemEnvs ?? false,
    ...(given(found.nodeVersion) && { nodeVersion: found.nodeVersion }),
  };
}

/** Vercel's own choices are not drift; settings made outside the program are. */
function inputsOf(found: Answer, last: Inputs | undefined): Inputs {
  const { vercelAuthentication, automaticallyExposeSystemEnvironmentVariables, nodeVersion } = outputsOf(found);
  const { name, buildCommand, devCommand, installCommand, outputDirectory, rootDirectory } = found;
  const settings = { name, buildCommand, devCommand, installCommand, outputDirectory, rootDirectory };
  const chosen = {
    vercelAuthentication,
    automaticallyExposeSystemEnvironmentVariables,
    ...(given(nodeVersion) && { nodeVersion }),
  };
  const before: Partial<Inputs> = last ?? chosen;
  const said = Object.entries(chosen).filter(([key]) => before[key as keyof typeof chosen] !== undefined);
  return inputs.parse(Object.fromEntries([...Object.entries(settings), ...said].filter(([, value]) => given(value))));
}
