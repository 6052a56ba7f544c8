import * as pulumi from "@pulumi/pulumi";

import { EXISTING_DATABASE_KEYS, type ExistingDatabaseFacts } from "../../planning/existingDatabase.ts";
import { outputsNamed, type OutputsOf, outputsOn } from "./outputs.ts";

export interface ExistingDatabaseArgs {
  /** The project's reference at Supabase. */
  readonly ref: pulumi.Input<string>;
  /** Secret. An address of its database that holds a session, with the password. */
  readonly connectionString: pulumi.Input<string>;
}

/** A live Supabase project that is named by its reference. It is looked at; no operation creates, changes or deletes it. */
export class ExistingDatabase extends pulumi.CustomResource {
  declare readonly ref: pulumi.Output<string>;
  declare readonly connectionString: pulumi.Output<string>;
  /** What was found, field by field: planning/existingDatabase.ts. */
  readonly found: OutputsOf<ExistingDatabaseFacts>;

  constructor(name: string, args: ExistingDatabaseArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "recovery:index:ExistingDatabase",
      name,
      { ...args, ...outputsNamed(EXISTING_DATABASE_KEYS) },
      pulumi.mergeOptions({ additionalSecretOutputs: ["connectionString", "anonKey"] }, opts),
    );
    this.found = outputsOn(this, EXISTING_DATABASE_KEYS);
  }
}
