import * as pulumi from "@pulumi/pulumi";

import { HEALTH_PATH } from "../../planning/names.ts";
import type { AppBuild } from "../../settings/appBuild.ts";
import type { HealthAnswer } from "../../settings/healthAnswer.ts";
import { outputsNamed } from "./outputs.ts";

export interface AppDeploymentArgs {
  /** Vercel's id of the project to deploy to. */
  readonly projectId: pulumi.Input<string>;
  readonly projectName: pulumi.Input<string>;
  /** The repository's https clone address. */
  readonly sourceUrl: pulumi.Input<string>;
  /** Clone addresses of other copies, which are read in this order if that one cannot be. @default - none */
  readonly fallbackUrls?: readonly string[];
  /** The branch to deploy. */
  readonly sourceRef: pulumi.Input<string>;
  /** Hash of the build's environment. Another hash makes a new deployment. */
  readonly environmentHash: pulumi.Input<string>;
  /** Build settings that the project gets before the build. @default - it keeps its own */
  readonly build?: AppBuild;
  /** Where to look for the live app's build settings if none are given. @default - the project keeps its own */
  readonly storedBuild?: StoredBuild | undefined;
  /** A name of the project that no visitor uses. @default - there is none */
  readonly probeName?: string;
  /** Leave out the scheduled calls that the source has Vercel make. @default false */
  readonly withoutScheduledCalls?: boolean;
  /** Path at which the app answers for its health. @default "/api/health" */
  readonly healthPath?: pulumi.Input<string>;
  /** The answer there that says that the app works. @default - 200 with {"status":"ok"} */
  readonly healthAnswer?: HealthAnswer;
}

/** The backups that hold the settings of the live app's project. */
export interface StoredBuild {
  /** Name of that project. */
  readonly projectName: string;
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers. */
  readonly trustedWriterKeys: pulumi.Input<string[]>;
}

/** A deployment of the app: the branch's newest commit, built, ready and healthy. */
export class AppDeployment extends pulumi.CustomResource {
  declare readonly deploymentId: pulumi.Output<string>;
  /** The deployment's own address. */
  declare readonly url: pulumi.Output<string>;
  /** SHA of the deployed commit. */
  declare readonly commit: pulumi.Output<string>;
  /** The previous healthy deployment, for a rollback; null for the first one. */
  declare readonly previousDeploymentId: pulumi.Output<string | null>;
  /** Milliseconds from the fetch of the source to a healthy answer. */
  declare readonly durationMs: pulumi.Output<number>;

  constructor(name: string, args: AppDeploymentArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = outputsNamed(["deploymentId", "url", "commit", "previousDeploymentId", "durationMs"]);
    super("recovery:index:AppDeployment", name, { healthPath: HEALTH_PATH, ...args, ...outputs }, opts);
  }
}
