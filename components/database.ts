import * as pulumi from "@pulumi/pulumi";

import { DatabasePassword } from "./recovery/databasePassword.ts";
import { DatabaseRestore } from "./recovery/databaseRestore.ts";
import { SupabaseProject } from "./recovery/supabaseProject.ts";

/** The backup with which a database is filled. */
export interface RestoreSource {
  /** Name of the bucket to restore from. */
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers whose backups are trusted. */
  readonly trustedWriterKeys: pulumi.Input<string[]>;
  /** @default - the newest proven backup */
  readonly backup?: string | undefined;
  /** ISO 8601, UTC. @default - now */
  readonly at?: string | undefined;
  /** If the backup lacks the auth settings, apply those of an older backup. */
  readonly olderAuthSettings?: boolean | undefined;
  readonly generation: number;
}

export interface DatabaseArgs {
  /** Name of the Supabase project. */
  readonly projectName: string;
  readonly organization: string;
  readonly region: string;
  /** Restore a backup into it. @default - the database starts empty */
  readonly restore?: RestoreSource;
  /** The database belongs to an earlier generation: it stays declared, and is never created, changed or filled. @default false */
  readonly kept?: boolean;
  /** Refuse to delete it, in the engine and in Supabase's API. @default true */
  readonly protect?: boolean;
}

/** CastChat's database on Supabase, restored from a vault if `restore` is set. Resources that depend on it also wait for the restore. */
export class Database extends pulumi.ComponentResource {
  /** Name of the Supabase project. */
  readonly projectName: string;
  /** The project's reference at Supabase. */
  readonly ref: pulumi.Output<string>;
  readonly apiUrl: pulumi.Output<string>;
  /** Secret. */
  readonly connectionString: pulumi.Output<string>;
  /** Secret. */
  readonly anonKey: pulumi.Output<string>;
  /** The restore; undefined when none was asked for. */
  readonly restore: DatabaseRestore | undefined;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:Database", name, {}, opts);
    const { projectName, organization, region, restore, kept = false, protect = true } = args;
    this.projectName = projectName;
    // The current settings are meant for the present generation.
    const stays = (...ignoreChanges: string[]) => (kept ? { ignoreChanges } : {});

    // Not protected: the project's own state holds the password as well.
    const { password } = new DatabasePassword(`${name}-password`, { projectName }, { parent: this });
    const { ready } = new SupabaseProject(
      `${name}-project`,
      {
        name: projectName,
        organization,
        region,
        initialPassword: password,
        deletionProtection: protect,
        ...(kept && { kept }),
      },
      { parent: this, protect, ...stays("organization", "region") },
    );
    // The provider marks these as secret too; here the program doesn't depend on it.
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
