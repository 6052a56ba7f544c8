import type { Reporter } from "../common/reporter.ts";
import type { RemoteService } from "../http/remoteService.ts";

/** An app at its host: its settings, variables, deployments and names. */
export interface AppProject {
  id: string;
  name: string;
  /** The deployment that serves visitors; undefined before the first one. */
  productionId: string | undefined;
  /** Whether pushes to a repository are deployed by the host itself. */
  hasRepository: boolean;
}

/** A variable of an app's environment; its value is never asked for. */
export interface AppVariable {
  key: string;
  /** How its value is kept, in the host's own word. */
  type: string;
  /** The environments that it is for, in the host's own words. */
  targets: string[];
}

/** A state of an app that was built, or is being built. */
export interface Deployment {
  id: string;
  /** Address of its own, with the scheme. */
  url: string;
  projectId: string | undefined;
  state: "pending" | "ready" | "failed";
  /** The state in the host's own word, for messages. */
  status: string;
  /** Why it failed, if the host says so. */
  error: string | undefined;
  /** SHA of the commit that it was built from. */
  commit: string | undefined;
}

/** The files to deploy, and where they come from. */
export interface DeploymentSource {
  projectId: string;
  projectName: string;
  /** The source tree, which may hold git's own folder. */
  folder: string;
  commit: string;
  branch: string;
  /** Address of the repository. */
  sourceUrl: string;
}

/** A name under which visitors reach an app. */
export interface PublicName {
  name: string;
  /** True if the host made it itself, within its own domain. */
  isGenerated: boolean;
  /** False until the host has seen the proofs. */
  isVerified: boolean;
  /** Records that prove whose the name is. */
  proofs: readonly { type: string; domain: string; value: string }[];
}

/** A header that opens a protected deployment to this program. */
export interface DeploymentPass {
  header: string;
  secret: string;
}

/**
 * What the product asks of the host of its application. Every call throws ServiceError or UnreachableError (services/http/http.ts). What does
 * not exist is undefined where a single thing is asked for, and an error that `isNotFound` recognises otherwise.
 */
export interface AppHost extends RemoteService {
  /** Where the CNAME record of a public name leads. */
  readonly dnsTarget: string;
  /** Variable by which a running deployment knows its own id. */
  readonly deploymentVariable: string;

  project(idOrName: string, signal?: AbortSignal): Promise<AppProject | undefined>;
  /** The project in the host's own form, for a backup of the configuration. It may hold secrets. */
  exportProject(idOrName: string, signal?: AbortSignal): Promise<Record<string, unknown> | undefined>;
  /** Stops the app for its visitors; nothing of it is lost. */
  pauseProject(projectId: string, signal?: AbortSignal): Promise<void>;

  variables(projectId: string, signal?: AbortSignal): Promise<AppVariable[]>;
  /** The variables that stand in the way of new ones with these names and targets. */
  clashingVariables(
    projectId: string,
    wanted: readonly { key: string; targets: readonly string[] }[],
    signal?: AbortSignal,
  ): Promise<{ id: string; key: string }[]>;
  /** Removes a variable. One that does not exist is fine. */
  removeVariable(projectId: string, id: string, signal?: AbortSignal): Promise<void>;

  /**
   * Uploads what the host lacks of the files and starts a deployment to production, which knows its id and its commit
   * (CASTCHAT_COMMIT_SHA). UserError if there are no files.
   */
  deploy(source: DeploymentSource, reporter: Reporter, signal?: AbortSignal): Promise<Deployment>;
  /** By id, or by the host name of its own address. */
  deployment(idOrHost: string, signal?: AbortSignal): Promise<Deployment | undefined>;
  /** Whether a project has a deployment of any kind and state. */
  hasDeployments(projectId: string, signal?: AbortSignal): Promise<boolean>;
  /** Gives the project's public names to a deployment. One that has them already is fine. */
  promoteDeployment(projectId: string, deploymentId: string, signal?: AbortSignal): Promise<void>;
  /** Deletes a deployment. One that does not exist is fine. */
  deleteDeployment(id: string, signal?: AbortSignal): Promise<void>;
  /** What a request to a deployment's address needs; undefined for an address that the host does not protect. Makes a secret if there is none. */
  passFor(projectId: string, address: string, signal?: AbortSignal): Promise<DeploymentPass | undefined>;

  publicNames(projectId: string, signal?: AbortSignal): Promise<PublicName[]>;
  publicName(projectId: string, name: string, signal?: AbortSignal): Promise<PublicName | undefined>;
  /** Brings a name to a project, from any project that the token may see. UserError if another one has it. */
  takePublicName(projectId: string, name: string, signal?: AbortSignal): Promise<PublicName>;
  /** Has the host look for the proofs. */
  verifyPublicName(projectId: string, name: string, signal?: AbortSignal): Promise<PublicName>;
  /** Takes a name from a project. One that it does not have is fine. */
  releasePublicName(projectId: string, name: string, signal?: AbortSignal): Promise<void>;
  /** Id of the deployment that a name is served from; undefined if it is served from none. */
  servedFrom(name: string, signal?: AbortSignal): Promise<string | undefined>;
}
