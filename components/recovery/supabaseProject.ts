import * as pulumi from "@pulumi/pulumi";

export interface SupabaseProjectArgs {
  /** Name of the project, one of its kind in the organization. */
  readonly name: pulumi.Input<string>;
  /** Slug of the Supabase organization. */
  readonly organization: pulumi.Input<string>;
  /** AWS region that the project runs in. */
  readonly region: pulumi.Input<string>;
  /** While it is true the project can't be deleted, whatever the engine is told. */
  readonly deletionProtection: pulumi.Input<boolean>;
  /** It is one of an earlier generation: it is never made, and where there is none its record stays empty. @default false */
  readonly kept?: pulumi.Input<boolean>;
}

/** A Supabase project: created through the Management API, awaited until healthy. Its password is made in the create. */
export class SupabaseProject extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  /** Supabase's own name for it. */
  declare readonly ref: pulumi.Output<string>;
  declare readonly apiUrl: pulumi.Output<string>;
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  declare readonly user: pulumi.Output<string>;
  declare readonly database: pulumi.Output<string>;
  /** Secret. */
  declare readonly databasePassword: pulumi.Output<string>;
  /** Secret: the address of the session pooler with the password in it. */
  declare readonly connectionString: pulumi.Output<string>;
  /** Secret. */
  declare readonly anonKey: pulumi.Output<string>;
  /** ISO 8601, UTC. */
  declare readonly createdAt: pulumi.Output<string>;
  /** Milliseconds from the request to a healthy project. */
  declare readonly durationMs: pulumi.Output<number>;

  constructor(name: string, args: SupabaseProjectArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      ref: undefined,
      apiUrl: undefined,
      host: undefined,
      port: undefined,
      user: undefined,
      database: undefined,
      databasePassword: undefined,
      connectionString: undefined,
      anonKey: undefined,
      createdAt: undefined,
      durationMs: undefined,
    };
    super(
      "recovery:index:SupabaseProject",
      name,
      { ...args, ...outputs },
      pulumi.mergeOptions({ additionalSecretOutputs: ["databasePassword", "connectionString", "anonKey"] }, opts),
    );
  }
}
