import * as pulumi from "@pulumi/pulumi";

export interface DatabasePasswordArgs {
  /** Name of the Supabase project that it is for. Another name means another password. */
  readonly projectName: pulumi.Input<string>;
}

/**
 * A random database password for a Supabase project, made once. The state has it, encrypted, before the project is created. A project that
 * was created without it keeps the password that its own state holds.
 */
export class DatabasePassword extends pulumi.CustomResource {
  /** Secret. */
  declare readonly password: pulumi.Output<string>;

  constructor(name: string, args: DatabasePasswordArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "recovery:index:DatabasePassword",
      name,
      { ...args, password: undefined },
      pulumi.mergeOptions({ additionalSecretOutputs: ["password"] }, opts),
    );
  }
}
