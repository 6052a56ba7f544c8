import * as pulumi from "@pulumi/pulumi";

export interface PrimaryFenceArgs {
  /** Slug of the primary's Supabase organization. */
  readonly organization: pulumi.Input<string>;
  /** Name of the primary's Supabase project. */
  readonly databaseName: pulumi.Input<string>;
  /** Name of the Vercel project of the primary's first app. @default - the app is not stopped, and the result says so */
  readonly vercelProject?: pulumi.Input<string> | undefined;
  /** Those of its further apps. */
  readonly furtherVercelProjects?: pulumi.Input<string[]>;
  /** Reference of the primary's live Supabase project. @default - the project is found by its name */
  readonly databaseRef?: pulumi.Input<string>;
  /** Secret. Address of that project's database, whose writes are stopped. */
  readonly connectionString?: pulumi.Input<string>;
  /** Database name of the generation that this recovery replaces. @default - there is none */
  readonly leftDatabaseName?: pulumi.Input<string>;
  /** Reference of that database's project, if the state has it. */
  readonly leftDatabaseRef?: pulumi.Input<string>;
  /** Secret. Its address, for stopping its writes. */
  readonly leftConnectionString?: pulumi.Input<string>;
  /** Another generation fences again. */
  readonly generation: pulumi.Input<number>;
}

/** The result for one part of the primary, or of the generation that is replaced. */
export interface FenceResult {
  readonly part: "database" | "application" | "earlier generation";
  readonly fenced: boolean;
  readonly reason: string;
}

/** Stops what still runs of the primary before a recovery takes over, or records why it could not. */
export class PrimaryFence extends pulumi.CustomResource {
  declare readonly results: pulumi.Output<readonly FenceResult[]>;

  constructor(name: string, args: PrimaryFenceArgs, opts?: pulumi.CustomResourceOptions) {
    super("recovery:index:PrimaryFence", name, { ...args, results: undefined }, opts);
  }
}
