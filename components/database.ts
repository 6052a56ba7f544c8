import * as pulumi from "@pulumi/pulumi";

import { DatabasePassword } from "./recovery/databasePassword.ts";
import { DatabaseRestore } from "./recovery/databaseRestore.ts";
import { ExistingDatabase, type ExistingDatabaseArgs } from "./recovery/existingDatabase.ts";
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

export interface NewDatabaseArgs {
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

/** A live database that the stack did not create. It is looked at, and never changed. */
export interface LiveDatabaseArgs {
  readonly existing: ExistingDatabaseArgs;
}

export type DatabaseArgs = NewDatabaseArgs | LiveDatabaseArgs;

/**
 * CastChat's database on Supabase: a new one, restored from a vault if `restore` is set, or a live one. Resources that depend on it also
 * wait for the restore.
 */
export class Database extends pulumi.ComponentResource {
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
    const found = "existing" in args ? this.#live(name, args) : this.#project(name, args);
    this.ref = found.ref;
    this.apiUrl = found.apiUrl;
    // The provider marks these as secret too; here the program doesn't depend on it.
    this.connectionString = pulumi.secret(found.connectionString);
    this.anonKey = pulumi.secret(found.anonKey);
    this.restore = "existing" in args ? undefined : this.#restore(name, args);
    this.registerOutputs({ ref: this.ref, apiUrl: this.apiUrl });
  }

  #live(name: string, { existing }: LiveDatabaseArgs) {
    const { ref, connectionString, found } = new ExistingDatabase(`${name}-existing`, existing, { parent: this });
    return { ref, connectionString, ...found };
  }

  #project(name: string, args: NewDatabaseArgs) {
    const { projectName, organization, region, kept = false, protect = true } = args;
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
      { parent: this, protect, ...stays(kept, "organization", "region") },
    );
    return ready;
  }

  #restore(name: string, { restore, kept = false, protect = true }: NewDatabaseArgs): DatabaseRestore | undefined {
    return restore
      ? new DatabaseRestore(
          `${name}-restore`,
          {
            connectionString: this.connectionString,
            supabaseRef: this.ref,
            vaultBucket: restore.vaultBucket,
            trustedWriterKeys: restore.trustedWriterKeys,
            ...(restore.backup !== undefined && { backup: restore.backup }),
            ...(restore.at !== undefined && { at: restore.at }),
            ...(restore.olderAuthSettings === true && { olderAuthSettings: true }),
            generation: restore.generation,
            ...(kept && { kept }),
          },
          { parent: this, protect, ...stays(kept, "vaultBucket", "trustedWriterKeys", "backup", "at") },
        )
      : undefined;
  }
}

/** The current settings are meant for the present generation, so an earlier one's inputs stay as they were. */
function stays(kept: boolean, ...ignoreChanges: string[]): { ignoreChanges?: string[] } {
  return kept ? { ignoreChanges } : {};
}
