import * as pulumi from "@pulumi/pulumi";

import type { AppConnection } from "../../planning/appConnection.ts";
import { outputsNamed } from "./outputs.ts";

export interface AppEnvironmentArgs {
  /** Vercel's id of the project. */
  readonly projectId: pulumi.Input<string>;
  /** For a recovery or for a drill. */
  readonly mode: "active" | "drill";
  /** Backup of the sealed variables; empty for none. */
  readonly backupId: pulumi.Input<string>;
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers whose variables are trusted. */
  readonly trustedWriterKeys: pulumi.Input<string[]>;
  /** Reference of the recovered Supabase project. */
  readonly supabaseRef: pulumi.Input<string>;
  /** Address of its database, at the session pooler. */
  readonly connectionString: pulumi.Input<string>;
  /** How the app reaches it. */
  readonly connection: AppConnection;
  /** Names and targets that another resource sets. */
  readonly except: pulumi.Input<pulumi.Input<{ key: string; targets: string[] }>[]>;
}

/** The variables of a recovered app, from the sealed ones. No value is in the state. */
export class AppEnvironment extends pulumi.CustomResource {
  /** Names of the variables that were set. */
  declare readonly names: pulumi.Output<string[]>;
  /** Changes with every variable; empty if none was set. */
  declare readonly digest: pulumi.Output<string>;

  constructor(name: string, args: AppEnvironmentArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "recovery:index:AppEnvironment",
      name,
      { ...args, ...outputsNamed(["names", "missing", "digest"]) },
      pulumi.mergeOptions({ additionalSecretOutputs: ["connectionString"] }, opts),
    );
  }
}
