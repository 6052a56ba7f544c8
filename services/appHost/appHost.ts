import type { CertificateFacts } from "../common/certificateFacts.ts";
import type { Reporter } from "../common/reporter.ts";
import type { RemoteService } from "../http/remoteService.ts";
import type { TokenHolder } from "../http/tokenFacts.ts";
import type { AppReleases } from "./appReleases.ts";
import type { AppInspection } from "./appSetUp.ts";
import type { BuildSettings } from "./buildSettings.ts";
import type { Deployment } from "./deployment.ts";

/** An app at its host. */
export interface AppProject {
  id: string;
  name: string;
  /** The deployment that serves visitors; undefined before the first one. */
  productionId: string | undefined;
  /** Whether the host itself deploys pushes to a repository. */
  hasRepository: boolean;
  /** The host's preset for its builds; undefined: nothing is built unless the source says so itself. */
  framework: string | undefined;
}

/** A variable of an app's environment; its value is never asked for. */
export interface AppVariable {
  key: string;
  /** How its value is stored, in the host's own word. */
  type: string;
  /** The environments that it is set in, in the host's own words. */
  targets: string[];
}

/** A variable as the host lists it. */
export interface ListedVariable extends AppVariable {
  id: string;
  /** Whether the host shows its value. */
  isReadable: boolean;
  /** The one branch of the repository that it is set for; undefined for all of them. */
  branch: string | undefined;
  /** Ids of the project's own environments that it is set in. */
  environments: string[];
  /** The note beside it. */
  comment: string | undefined;
  /** When its value or its environments were changed last; undefined if the host does not say. */
  changedAt: Date | undefined;
}

/** A variable to write. */
export interface NewVariable {
  key: string;
  value: string;
  /** In the host's own words. */
  targets: readonly string[];
  /** The one branch of the repository that it is set for. @default - all of them */
  branch?: string | undefined;
  /** Ids of the project's own environments. @default - none */
  environments?: readonly string[] | undefined;
  /** How its value is stored, in the host's own word. @default - such that the host never shows it again, where it can */
  type?: string | undefined;
  /** The note beside it. */
  comment?: string | undefined;
}

/** Settings of a public name, beside the name itself. What is null or left out is not set. */
export interface NameSettings {
  redirect?: string | null | undefined;
  redirectStatusCode?: number | null | undefined;
  gitBranch?: string | null | undefined;
}

/** What the host itself builds at each push. */
export interface GitLink {
  type: "github" | "gitlab" | "bitbucket";
  /** owner/name */
  repo: string;
  productionBranch?: string | undefined;
}

/** What a program has to declare of a live project, so that it keeps it. */
export interface LiveProject {
  id: string;
  build: BuildSettings;
  gitRepository?: GitLink;
  /** What no program can declare, in words: the first change through Pulumi would remove it. */
  undeclarable: readonly string[];
}

/** The files to deploy, and where they come from. */
export interface DeploymentSource {
  projectId: string;
  projectName: string;
  /** Build settings that the project gets before the build. Those that are left out stay. */
  build?: BuildSettings | undefined;
  /** The source tree, which may hold git's own folder. */
  folder: string;
  commit: string;
  branch: string;
  /** Address of the repository. */
  sourceUrl: string;
  /** Paths of files in the folder that are not uploaded. */
  leaveOut?: readonly string[] | undefined;
  /** Leave out the calls that the source has the host make on a schedule. The source itself stays as it is. */
  withoutScheduledCalls?: boolean | undefined;
}

/** A host name of an app for its visitors. */
export interface PublicName {
  name: string;
  /** True if the host generated it, within its own domain. */
  isGenerated: boolean;
  /** False until the host has found the proofs. */
  isVerified: boolean;
  /** DNS records that prove the owner of the name. */
  proofs: readonly { type: string; domain: string; value: string }[];
  /** The name that its visitors are sent to. */
  redirectsTo?: string;
  /** It leads to deployments of a branch or an environment other than production. */
  isOfPreview?: boolean;
}

/** A header that opens a protected deployment. */
export interface DeploymentPass {
  header: string;
  secret: string;
}

/** A team of the app host, to which projects belong. */
export interface AppTeam {
  id: string;
  /** Its name in addresses. */
  slug: string;
  name: string;
}

/** A project as it is found, with what shows where it belongs. */
export interface ListedProject {
  id: string;
  name: string;
  /** The repository whose pushes the host deploys: its code host, in lower case, and its full name. */
  repository: { host: string; fullName: string; branch: string | undefined } | undefined;
  /** What the host decides by itself is left out. */
  build: BuildSettings;
}

/** What a token of the app host sees. */
export interface AppListing {
  /** The teams of the token's user. None for a user who belongs to no team. */
  teams(signal?: AbortSignal): Promise<AppTeam[]>;
  /** The projects of the team that the host is opened for. */
  projects(signal?: AbortSignal): Promise<ListedProject[]>;
}

/**
 * The host of the application. Calls throw ServiceError or UnreachableError (services/http/http.ts). A single thing that does not exist is
 * undefined; elsewhere a missing thing is a ServiceError with status 404.
 */
export interface AppHost extends RemoteService, TokenHolder, AppListing, AppInspection, AppReleases {
  /** The target of a public name's CNAME record. */
  readonly dnsTarget: string;
  /** The target of a public name's A record. */
  readonly dnsAddress: string;
  /** Whether a record's content leads to the host already, under any name or address of its own. */
  isDnsTarget(content: string): boolean;
  /**
   * File of a source tree with the rules, in git's form, for what is not uploaded. The files that Vercel's command line leaves out by itself are
   * uploaded: a deployment here takes the place of one from git, which has them (https://vercel.com/docs/builds/build-features).
   */
  readonly ignoreFile: string;
  /** The authority that issues the certificates of public names, as CAA records name it. */
  readonly certificateAuthority: string;
  /** Environment variable with a deployment's own id. */
  readonly deploymentVariable: string;

  project(idOrName: string, signal?: AbortSignal): Promise<AppProject | undefined>;
  /** The settings of a project that a program declares. */
  liveProject(idOrName: string, signal?: AbortSignal): Promise<LiveProject | undefined>;
  /** The project in the host's own form, for a backup of the configuration. It may contain secrets. */
  exportProject(idOrName: string, signal?: AbortSignal): Promise<Record<string, unknown> | undefined>;
  /** Fields of a project's own form that only the host writes, or that change with each deployment. */
  readonly statusFields: ReadonlySet<string>;
  /** Fields of a project's own form that {@link changeProject} takes. */
  readonly writableFields: ReadonlySet<string>;
  /** Changes settings of a project, in the host's own form. All others stay. */
  changeProject(projectId: string, settings: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<void>;
  /** How a project is built, from its own form ({@link exportProject}). What it leaves to the host is missing. */
  buildSettingsIn(exported: Readonly<Record<string, unknown>>): BuildSettings;
  /** Stops the app for its visitors. Nothing is deleted. */
  pauseProject(projectId: string, signal?: AbortSignal): Promise<void>;

  /** Lets the host call the app on the schedules that its source names, or stops that. Nothing is built for it. */
  allowScheduledCalls(projectId: string, allowed: boolean, signal?: AbortSignal): Promise<void>;

  variables(projectId: string, signal?: AbortSignal): Promise<AppVariable[]>;
  /** The same with what is needed to compare and to change them. Variables of the host itself are not among them. */
  listVariables(projectId: string, signal?: AbortSignal): Promise<ListedVariable[]>;
  /** The value of a readable variable. It is secret. */
  variableValue(projectId: string, id: string, signal?: AbortSignal): Promise<string>;
  /**
   * Creates variables whose values the host never shows again, where it can. Those that clash with an existing one are not created.
   *
   * @returns the names that clash
   */
  createVariables(projectId: string, variables: readonly NewVariable[], signal?: AbortSignal): Promise<string[]>;
  /** Gives another value and other targets to a variable. */
  changeVariable(projectId: string, id: string, variable: NewVariable, signal?: AbortSignal): Promise<void>;
  /** The existing variables that conflict with new ones of these names and targets. */
  clashingVariables(
    projectId: string,
    wanted: readonly { key: string; targets: readonly string[] }[],
    signal?: AbortSignal,
  ): Promise<{ id: string; key: string; createdAt: Date | undefined }[]>;
  /** Removes a variable. A missing one is no error. */
  removeVariable(projectId: string, id: string, signal?: AbortSignal): Promise<void>;

  /**
   * Uploads the files that the host lacks and starts a deployment to production. The deployment has its id and its commit
   * (CASTCHAT_COMMIT_SHA) in its environment. A symbolic link stays one. UserError if there are no files.
   */
  deploy(source: DeploymentSource, reporter: Reporter, signal?: AbortSignal): Promise<Deployment>;
  /** By id, or by the host name of its own address. */
  deployment(idOrHost: string, signal?: AbortSignal): Promise<Deployment | undefined>;
  /** Whether a project has a deployment of any kind and state. */
  hasDeployments(projectId: string, signal?: AbortSignal): Promise<boolean>;
  /** Points the project's public names to a deployment. No error if they already are. */
  promoteDeployment(projectId: string, deploymentId: string, signal?: AbortSignal): Promise<void>;
  /** Deletes a deployment. A missing one is no error. */
  deleteDeployment(id: string, signal?: AbortSignal): Promise<void>;
  /** The pass for a deployment's address; undefined if the host does not protect it. Makes a secret if there is none. */
  passFor(projectId: string, address: string, signal?: AbortSignal): Promise<DeploymentPass | undefined>;

  publicNames(projectId: string, signal?: AbortSignal): Promise<PublicName[]>;
  /** The same in the host's own form, for a backup of the configuration: with redirect, branch and environment. */
  exportNames(projectId: string, signal?: AbortSignal): Promise<Record<string, unknown>[]>;
  /** Changes the settings of a public name that the project has. */
  changeName(projectId: string, name: string, settings: NameSettings, signal?: AbortSignal): Promise<void>;
  /** The certificates of the host's names, without their keys. */
  certificates(signal?: AbortSignal): Promise<CertificateFacts[]>;
  publicName(projectId: string, name: string, signal?: AbortSignal): Promise<PublicName | undefined>;
  /** Id of the project that has a name, verified; undefined if no project that the token can see has it. */
  publicNameHolder(name: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Moves a name to a project, from any project that the token can see. UserError if another project has it. */
  takePublicName(projectId: string, name: string, signal?: AbortSignal): Promise<PublicName>;
  /** Makes the host look for the proofs. */
  verifyPublicName(projectId: string, name: string, signal?: AbortSignal): Promise<PublicName>;
  /** Removes a name from a project. A missing one is no error. */
  releasePublicName(projectId: string, name: string, signal?: AbortSignal): Promise<void>;
  /** Id of the deployment behind a name; undefined if there is none. */
  servedFrom(name: string, signal?: AbortSignal): Promise<string | undefined>;
}
