import type { Deployment } from "./deployment.ts";

/** A production deployment, finished or in progress. */
export interface Release extends Deployment {
  createdAt: Date;
  /** Whether the host takes it as the target of a rollback; undefined if the host does not say. */
  isCandidate: boolean | undefined;
}

/** What was asked last of a project's public names. */
export interface LastMove {
  kind: "promotion" | "rollback";
  from: string | undefined;
  to: string;
  state: "pending" | "done" | "failed";
  /** The state in the host's own word, for messages. */
  status: string;
  at: Date;
}

/** Which deployment serves an app's visitors, and what happens at the next build. */
export interface ReleaseState {
  projectId: string;
  projectName: string;
  /** The deployment behind the public names; undefined before the first one. */
  servedId: string | undefined;
  /** Whether each new production deployment gets the public names by itself. A rollback switches that off. */
  followsBuilds: boolean;
  /** The last promotion or rollback; undefined if the host knows none. */
  lastMove: LastMove | undefined;
  /** The remark that was left with the last rollback. */
  remark: string | undefined;
  /** Whether visitors are spread over two deployments just now. */
  isRolling: boolean;
}

/** The part of an app host that moves public names between an app's own deployments. */
export interface AppReleases {
  /** The newest production deployments, the newest first. */
  releases(projectId: string, signal?: AbortSignal): Promise<Release[]>;
  /** Undefined if the project does not exist. */
  releaseState(projectId: string, signal?: AbortSignal): Promise<ReleaseState | undefined>;
  /**
   * Asks the host to point the public names to an earlier deployment. From then on new deployments do not get them, until one is promoted. No
   * error if the names already lead there. The host may answer before it has moved them.
   *
   * @param remark is kept beside the rollback
   * @throws UserError if the account's plan does not permit that deployment
   */
  rollBackTo(projectId: string, deploymentId: string, remark: string, signal?: AbortSignal): Promise<void>;
  /** Whether each new production deployment is to get the public names by itself. */
  followBuilds(projectId: string, follows: boolean, signal?: AbortSignal): Promise<void>;
}
