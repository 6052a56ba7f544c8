import * as pulumi from "@pulumi/pulumi";

import { DatabaseRestore } from "./recovery/databaseRestore.ts";
import { SupabaseProject } from "./recovery/supabaseProject.ts";

/** Which backup a database is filled with. */
export interface RestoreSource {
  /** Name of the bucket to restore from. */
  readonly vaultBucket: pulumi.Input<string>;
  /** Public keys (PEM) of the writers whose backups are trusted. */
  readonly trustedWriterKeys: readonly string[];
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
   * Refuse to delete it, in the engine and at Supabase's API.
   * @default true
   */
  readonly protect?: boolean;
}

/** CastChat's database on Supabase; recovered from a vault where asked. Who depends on it waits for the restore too. */
export class Database extends pulumi.ComponentResource {
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
    const { projectName, organization, region, restore, protect = true } = args;

    const project = new SupabaseProject(
      `${name}-project`,
      { name: projectName, organization, region, deletionProtection: protect },
      { parent: this, protect },
    );
    // The provider marks these itself; said once more, the program doesn't depend on it.
    this.connectionString = pulumi.secret(project.connectionString);
    this.anonKey = pulumi.secret(project.anonKey);
    this.restore = restore
      ? new DatabaseRestore(
          `${name}-restore`,
          {
            connectionString: this.connectionString,
            supabaseRef: project.ref,
            vaultBucket: restore.vaultBucket,
            trustedWriterKeys: [...restore.trustedWriterKeys],
            ...(restore.backup !== undefined && { backup: restore.backup }),
            ...(restore.at !== undefined && { at: restore.at }),
            ...(restore.olderAuthSettings === true && { olderAuthSettings: true }),
            generation: restore.generation,
          },
          { parent: this, protect },
        )
      : undefined;

    this.ref = project.ref;
    this.apiUrl = project.apiUrl;
    this.registerOutputs({ ref: this.ref, apiUrl: this.apiUrl });
  }
}
