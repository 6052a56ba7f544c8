import * as pulumi from "@pulumi/pulumi";

import { RESTORE_RESULT_KEYS, type RestoreResult } from "../../planning/restoreResult.ts";

/** What a restore puts out. A field that a state of an earlier version lacks is undefined. */
export type RestoreOutputs = { readonly [Key in keyof Required<RestoreResult>]: pulumi.Output<RestoreResult[Key]> };

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
    const outputs = Object.fromEntries(RESTORE_RESULT_KEYS.map((key) => [key, undefined]));
    super(
      "recovery:index:DatabaseRestore",
      name,
      { ...args, ...outputs },
      pulumi.mergeOptions({ additionalSecretOutputs: ["connectionString"] }, opts),
    );
    // The SDK has put an output for each of these keys on the resource itself.
    const own = this as unknown as RestoreOutputs;
    this.result = Object.fromEntries(RESTORE_RESULT_KEYS.map((key) => [key, own[key]])) as unknown as RestoreOutputs;
  }
}
