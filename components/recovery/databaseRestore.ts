import * as pulumi from "@pulumi/pulumi";

import { RESTORE_RESULT_KEYS, type RestoreResult } from "../../planning/restoreResult.ts";
import { outputsNamed, type OutputsOf, outputsOn } from "./outputs.ts";

/** The outputs of a restore. */
export type RestoreOutputs = OutputsOf<RestoreResult>;

export interface DatabaseRestoreArgs {
  /** The target: an empty database, or one that an interrupted run of this same restore has begun to fill. */
  readonly connectionString: pulumi.Input<string>;
  /** The database's project, which receives storage objects, edge functions and auth settings. @default - restore only the database */
  readonly supabaseRef?: pulumi.Input<string>;
  /** Name of the bucket to restore from. */
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers whose manifests are trusted. */
  readonly trustedWriterKeys: pulumi.Input<string[]>;
  /** Id of the backup to restore. @default - the newest proven backup */
  readonly backup?: pulumi.Input<string>;
  /** Restore the newest proven backup at or before this time (ISO 8601, UTC). @default - now */
  readonly at?: pulumi.Input<string>;
  /**
   * If the backup lacks the auth settings, apply those of an older backup. They may reopen what was closed since. @default false - they are
   * named and left to an operator
   */
  readonly olderAuthSettings?: pulumi.Input<boolean>;
  /** Another `backup` or `at` needs a higher generation: a restore never overwrites restored data. */
  readonly generation: pulumi.Input<number>;
  /**
   * The restore belongs to an earlier generation: nothing is restored, and its record stays empty if there was no restore. @default false
   */
  readonly kept?: pulumi.Input<boolean>;
}

/** A backup restored into a database and checked. Deleting it touches no data. */
export class DatabaseRestore extends pulumi.CustomResource {
  /** The result, field by field: planning/restoreResult.ts. */
  readonly result: RestoreOutputs;

  constructor(name: string, args: DatabaseRestoreArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "recovery:index:DatabaseRestore",
      name,
      { ...args, ...outputsNamed(RESTORE_RESULT_KEYS) },
      pulumi.mergeOptions({ additionalSecretOutputs: ["connectionString"] }, opts),
    );
    this.result = outputsOn(this, RESTORE_RESULT_KEYS);
  }
}
