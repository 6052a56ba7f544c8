import * as pulumi from "@pulumi/pulumi";

export interface DatabaseRestoreArgs {
  /** Where to restore to: an empty database, or one that an interrupted run of this same restore has begun to fill. */
  readonly connectionString: pulumi.Input<string>;
  /** The database's project: storage objects, edge functions and auth settings go there. @default - the database alone */
  readonly supabaseRef?: pulumi.Input<string>;
  /** Name of the bucket to restore from. */
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers whose manifests are trusted. */
  readonly trustedWriterKeys: pulumi.Input<pulumi.Input<string>[]>;
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
}

/** One phase of a restore and how long it took, in milliseconds. */
export interface RestorePhase {
  readonly name: string;
  readonly durationMs: number;
}

/** What became of a part beside the database (operations/restore/restoredParts.ts). */
export interface RestoredPart {
  readonly state: string;
  /** The backups that it comes from, the newest first. */
  readonly from: readonly { readonly backupId: string; readonly snapshotAt: string; readonly count: number }[];
  /** Things that no proven backup holds. */
  readonly missing: number;
  /** Things that the project did not take. */
  readonly failed: number;
  /** The first of both. */
  readonly names: readonly string[];
}

/** A backup restored into a database and checked. Deleting it touches no data. */
export class DatabaseRestore extends pulumi.CustomResource {
  declare readonly restoreId: pulumi.Output<string>;
  declare readonly backupId: pulumi.Output<string>;
  /** When the backup's snapshot was taken (ISO 8601, UTC): what came later is lost. */
  declare readonly snapshotAt: pulumi.Output<string>;
  declare readonly phases: pulumi.Output<RestorePhase[]>;
  /** Milliseconds for the whole restore. */
  declare readonly durationMs: pulumi.Output<number>;
  declare readonly tables: pulumi.Output<number>;
  declare readonly rows: pulumi.Output<number>;
  declare readonly users: pulumi.Output<number>;
  declare readonly posts: pulumi.Output<number>;
  declare readonly applications: pulumi.Output<number>;
  /** Storage objects, functions, auth settings, configuration; undefined after a restore by an older version. */
  declare readonly parts: pulumi.Output<Readonly<Record<string, RestoredPart>> | undefined>;

  constructor(name: string, args: DatabaseRestoreArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      restoreId: undefined,
      backupId: undefined,
      snapshotAt: undefined,
      phases: undefined,
      durationMs: undefined,
      tables: undefined,
      rows: undefined,
      users: undefined,
      posts: undefined,
      applications: undefined,
      parts: undefined,
    };
    super(
      "recovery:index:DatabaseRestore",
      name,
      { ...args, ...outputs },
      pulumi.mergeOptions({ additionalSecretOutputs: ["connectionString"] }, opts),
    );
  }
}
