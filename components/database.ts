import * as pulumi from "@pulumi/pulumi";

import { DatabaseRestore } from "./recovery/databaseRestore.ts";
import { SupabaseProject } from "./recovery/supabaseProject.ts";

/** Which backup a database is filled with. */
export interface RestoreSource {
  /** Name of the bucket to restore from. */
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers whose backups are trusted. */
  readonly trustedWriterKeys: pulumi.Input<string[]>;
  /** @default - the newest proven backup */
  readonly backup?: string | undefined;
  /** ISO 8601, UTC. @default - now */
  readonly at?: string | undefined;
  /** Where the backup lacks the auth settings, apply those of an older one. */
  readonly olderAuthSettings?: boolean | undefined;
  readonly generation: number;
}

export interface DatabaseArgs {
  /** Name of the Supabase project. */
  readonly projectName: string;
  readonly organization: string;
  readonly region: string;
  /**
   * Restore a backup into it.
   * @default - the database starts empty
   */
  readonly restore?: RestoreSource;
  /**
   * It is one of an earlier generation: declared so that it stays, and never made, changed or filled.
   * @default false
   */
  readonly kept?: boolean;
  /**
   * Refuse to delete it, in the engine and at Supabase's API.
   * @default true
   */
  readonly protect?: boolean;
}

/** CastChat's database on Supabase; recovered from a vault where asked. Who depends on it waits for the restore too. */
export class Database extends pulumi.ComponentResource {
  /** Name of the Supabase project. */
  readonly projectName: string;
  /** Supabase's own name for the project. */
  readonly ref: pulumi.Output<string>;
  readonly apiUrl: pulumi.Output<string>;
  /** Secret. */
  readonly connectionString: pulumi.Output<string>;
  /** Secret. */
  readonly anonKey: pulumi.Output<string>;
  /** What was restored; undefined where nothing was asked for. */
  readonly restore: DatabaseRestore | undefined;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:Database", name, {}, opts);
    const { projectName, organization, region, restore, kept = false, protect = true } = args;
    this.projectName = projectName;
    // What the settings say now is meant for the present generation.
    const stays = (...ignoreChanges: string[]) => (kept ? { ignoreChanges } : {});

    const { ready } = new SupabaseProject(
      `${name}-project`,
      { name: projectName, organization, region, deletionProtection: protect, ...(kept && { kept }) },
      { parent: this, protect, ...stays("organization", "region") },
    );
    // The provider marks these itself; said once more, the program doesn't depend on it.
    this.connectionString = pulumi.secret(ready.connectionString);
    this.anonKey = pulumi.secret(ready.anonKey);
    this.restore = restore
      ? new DatabaseRestore(
          `${name}-restore`,
          {
            connectionString: this.connectionString,
            supabaseRef: ready.ref,
            vaultBucket: restore.vaultBucket,
            trustedWriterKeys: restore.trustedWriterKeys,
            ...(restore.backup !== undefined && { backup: restore.backup }),
            ...(restore.at !== undefined && { at: restore.at }),
            ...(restore.olderAuthSettings === true && { olderAuthSettings: true }),
            generation: restore.generation,
            ...(kept && { kept }),
          },
          { parent: this, protect, ...stays("vaultBucket", "trustedWriterKeys", "backup", "at") },
        )
      : undefined;

    this.ref = ready.ref;
    this.apiUrl = ready.apiUrl;
    this.registerOutputs({ ref: this.ref, apiUrl: this.apiUrl });
  }
}
