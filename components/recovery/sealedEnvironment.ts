import * as pulumi from "@pulumi/pulumi";

import { outputsNamed } from "./outputs.ts";

export interface SealedEnvironmentArgs {
  /** Vercel project of the recovered app, for messages. */
  readonly projectName: string;
  /** The app's name in the settings. @default - the app without a name */
  readonly app?: string;
  /** For a recovery or for a drill. */
  readonly mode: "active" | "drill";
  /** Name of the stack, for messages. */
  readonly stack: string;
  /** Another recovery takes the newest variables. */
  readonly generation: number;
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers whose variables are trusted. */
  readonly trustedWriterKeys: pulumi.Input<string[]>;
}

/** The sealed variables that a recovery gives to an app. They are opened before anything is built. */
export class SealedEnvironment extends pulumi.CustomResource {
  /** Id of their backup; empty if the vault has none. */
  declare readonly backupId: pulumi.Output<string>;
  /** Names of the variables that a drill does not get. */
  declare readonly unsetInDrill: pulumi.Output<string[]>;

  constructor(name: string, args: SealedEnvironmentArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = outputsNamed(["backupId", "newestId", "unsetInDrill"]);
    super("recovery:index:SealedEnvironment", name, { ...args, ...outputs }, opts);
  }
}
