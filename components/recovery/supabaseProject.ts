import * as pulumi from "@pulumi/pulumi";

import { READY_PROJECT_KEYS, READY_PROJECT_SECRETS, type ReadyProject } from "../../planning/readyProject.ts";
import { outputsNamed, type OutputsOf, outputsOn } from "./outputs.ts";

export interface SupabaseProjectArgs {
  /** Name of the project, unique in the organization. */
  readonly name: pulumi.Input<string>;
  /** Slug of the Supabase organization. */
  readonly organization: pulumi.Input<string>;
  /** AWS region that the project runs in. */
  readonly region: pulumi.Input<string>;
  /** The database password if this project has yet to be created. One that exists keeps its own. */
  readonly initialPassword: pulumi.Input<string>;
  /** While it is true the project can't be deleted, whatever the engine is asked to do. */
  readonly deletionProtection: pulumi.Input<boolean>;
  /** The project belongs to an earlier generation: it is never created, and its record stays empty if there is none. @default false */
  readonly kept?: pulumi.Input<boolean>;
}

/** A Supabase project: created through the Management API, then awaited until healthy. */
export class SupabaseProject extends pulumi.CustomResource {
  /** Its addresses and credentials, field by field: planning/readyProject.ts. */
  readonly ready: OutputsOf<ReadyProject>;

  constructor(name: string, args: SupabaseProjectArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "recovery:index:SupabaseProject",
      name,
      { ...args, initialPassword: pulumi.secret(args.initialPassword), ...outputsNamed(READY_PROJECT_KEYS) },
      pulumi.mergeOptions({ additionalSecretOutputs: [...READY_PROJECT_SECRETS] }, opts),
    );
    this.ready = outputsOn(this, READY_PROJECT_KEYS);
  }
}
