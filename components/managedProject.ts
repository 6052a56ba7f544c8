import type * as pulumi from "@pulumi/pulumi";
import { Project, type ProjectArgs } from "@pulumiverse/vercel/project.js";

import type { AppBuild } from "../settings/appBuild.ts";
import type { App } from "../settings/apps.ts";
import { projectNameOf } from "../settings/managedParts.ts";
import { managedOptions, type Managing } from "./managed.ts";

/** What is declared of a live project. */
export interface ManagedProjectArgs {
  /** Name of the Vercel project. */
  readonly projectName: string;
  /** How it is built. What is left out is declared as not set. @default - nothing is set */
  readonly build?: AppBuild | undefined;
  /** The repository that it is linked to. @default - it has no link */
  readonly gitRepository?: App["gitRepository"];
  readonly managing: Managing;
}

/**
 * What becomes of each input. Those that are left stay as they are: the provider sends all of them with every change, those without a value as
 * null or with its own default (client/project.go, UpdateProjectRequest, in https://github.com/vercel/terraform-provider-vercel). With
 * `ignoreChanges` it sends the values that were brought in. Variables are among them: a sensitive value is read as null.
 */
const INPUTS: Readonly<Record<keyof ProjectArgs, "declared" | "declared if set" | "left">> = {
  name: "declared",
  framework: "declared",
  rootDirectory: "declared",
  buildCommand: "declared",
  installCommand: "declared",
  outputDirectory: "declared",
  devCommand: "declared",
  gitRepository: "declared",
  nodeVersion: "declared if set",
  resourceConfig: "declared if set",
  autoAssignCustomDomains: "left",
  automaticallyExposeSystemEnvironmentVariables: "left",
  buildMachineType: "left",
  customerSuccessCodeVisibility: "left",
  directoryListing: "left",
  enableAffectedProjectsDeployments: "left",
  enablePreviewFeedback: "left",
  enableProductionFeedback: "left",
  environments: "left",
  functionFailover: "left",
  gitComments: "left",
  gitForkProtection: "left",
  gitLfs: "left",
  gitProviderOptions: "left",
  ignoreCommand: "left",
  oidcTokenConfig: "left",
  onDemandConcurrentBuilds: "left",
  optionsAllowlist: "left",
  passwordProtection: "left",
  previewComments: "left",
  previewDeploymentSuffix: "left",
  previewDeploymentsDisabled: "left",
  prioritiseProductionBuilds: "left",
  protectedSourcemaps: "left",
  publicSource: "left",
  serverlessFunctionRegion: "left",
  skewProtection: "left",
  teamId: "left",
  trustedIps: "left",
  trustedSources: "left",
  vercelAuthentication: "left",
};

/** Inputs inside `resourceConfig` that stay as they are when the functions' region is declared. */
const LEFT_OF_RESOURCES = ["fluid", "functionDefaultCpuType", "functionDefaultTimeout"].map(
  (key) => `resourceConfig.${key}`,
);

/** Declares a live project of Vercel with its build settings and its Git link, and nothing else of it. */
export function managedProject(
  component: string,
  { projectName, build = {}, gitRepository, managing }: ManagedProjectArgs,
  parent: pulumi.Resource,
): Project {
  const { functionRegion, nodeVersion, ...settings } = build;
  const args = {
    name: projectName,
    ...settings,
    ...(nodeVersion !== undefined && { nodeVersion }),
    ...(functionRegion !== undefined && { resourceConfig: { functionDefaultRegions: [functionRegion] } }),
    ...(gitRepository && { gitRepository }),
  } as ProjectArgs;
  const isLeft = ([key, place]: [string, string]) =>
    place === "left" || (place === "declared if set" && !(key in args));
  const inputs = {
    declared: Object.keys(INPUTS),
    left: [
      ...Object.entries(INPUTS)
        .filter(isLeft)
        .map(([key]) => key),
      ...("resourceConfig" in args ? LEFT_OF_RESOURCES : []),
    ],
  };
  const name = projectNameOf(component);
  return new Project(name, args, managedOptions(name, parent, managing, inputs));
}
