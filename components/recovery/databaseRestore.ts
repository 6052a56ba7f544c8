import * as pulumi from "@pulumi/pulumi";

import { RESTORE_RESULT_KEYS, type RestoreResult } from "../../planning/restoreResult.ts";
import { outputsNamed, type OutputsOf, outputsOn } from "./outputs.ts";

/** What a restore puts out. */
export type RestoreOutputs = OutputsOf<RestoreResult>;

export interface DatabaseRestoreArgs {
  /** Where to restore to: an empty database, or one that an interrupted run of this same restore has begun to fill. */
  readonly connectionString: pulumi.Input<string>;
  /** The database's project: storage objects, edge functions and auth settings go there. @default - the database alone */
  readonly supabaseRef?: pulumi.Input<string>;
  /** Name of the bucket to restore from. */
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers whose manifests are trusted. */
  readonly trustedWriterKeys: pulumi.Input<string[]>;
  /** Id of the backup to restore. @default - the newest proven one */
  readonly backup?: pulumi.Input<string>;
  /** Restore the newest proven backup at or before this time (ISO 8601, UTC). @default - now */
  readonly at?: pulumi.Input<string>;
  /**
   * Where the backup lacks the auth settings, apply those of an older one: they may reopen what was closed since.
   * @default false - they are named, and left to an operator
   */
  readonly olderAuthSettings?: pulumi.Input<boolean>;
  /** Another `backup` or `at` needs a higher one: a restore is never repeated over what it has restored. */
  readonly generation: pulumi.Input<number>;
  /** It is one of an earlier generation: nothing is restored, and where nothing was its record stays empty. @default false */
  readonly kept?: pulumi.Input<boolean>;
}

/** A backup restored into a database and checked. Deleting it touches no data. */
export class DatabaseRestore extends pulumi.CustomResource {
  /** What came of it, field by field; see planning/restoreResult.ts. */
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
