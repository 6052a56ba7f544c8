/** The kinds of backup. {@link KINDS} says what each holds. */
export const BACKUP_KINDS = [
  "full",
  "schema-only",
  "data-only",
  "critical",
  "configuration",
  "environment",
  "repository",
] as const;
export type BackupKind = (typeof BACKUP_KINDS)[number];

/** What can be restored of a backup: all of it; definitions, rights, roles and extensions; or rows and sequences. */
export type Selection = "everything" | "definitions" | "rows";

/** What a backup of one kind holds, and what it can be used for. */
export interface KindContent {
  /** Whether a run reads a database at all. */
  readonly database: boolean;
  /** Which tables' rows it holds. "critical" means the tables that the settings list as critical. */
  readonly rows: "all" | "critical" | "none";
  /** What pg_dump writes, if it is used. Rows are copied separately (readTables.ts). */
  readonly dump?: { readonly part: "schema.dump" | "large-objects.dump"; readonly args: readonly string[] };
  /** Whether it holds roles, platform objects, rights, and what a restore holds back. */
  readonly definitions: boolean;
  /** Whether it holds the large objects. */
  readonly largeObjects: boolean;
  /** Whether it holds the secrets of Supabase's vault, if the backup is encrypted. */
  readonly vaultSecrets: boolean;
  /** Whether it holds the configuration, if it has sources. */
  readonly configuration: boolean;
  /** Whether it holds an app's variables, always sealed. They come from people, so no other kind holds them. */
  readonly environment: boolean;
  /** Whether it holds the code of one repository. */
  readonly repository: boolean;
  /** Whether it holds what the project has outside its database: storage objects, functions, auth settings. */
  readonly project: boolean;
  /** Whether it holds a complete state. Only such a backup opens tiers, and is restored if no backup is named. */
  readonly isWhole: boolean;
  /** What can be restored from it. The first entry is the default. */
  readonly serves: readonly Selection[];
}

const NOTHING: KindContent = {
  database: true,
  rows: "none",
  definitions: false,
  largeObjects: false,
  vaultSecrets: false,
  configuration: false,
  environment: false,
  repository: false,
  project: false,
  isWhole: false,
  serves: [],
};

/**
 * Every kind of backup. A full backup holds what all other kinds hold, so each selection can be restored from it. The exception is
 * `environment`: the app host does not give the values back, so only an import by a person can seal them; and of `repository`, whose chain has
 * periods of its own.
 */
export const KINDS: Readonly<Record<BackupKind, KindContent>> = {
  full: {
    database: true,
    rows: "all",
    dump: { part: "schema.dump", args: ["--exclude-table-data=*.*"] },
    definitions: true,
    largeObjects: true,
    vaultSecrets: true,
    configuration: true,
    environment: false,
    repository: false,
    project: true,
    isWhole: true,
    serves: ["everything", "definitions", "rows"],
  },
  "schema-only": {
    ...NOTHING,
    dump: { part: "schema.dump", args: ["--schema-only"] },
    definitions: true,
    serves: ["definitions"],
  },
  "data-only": {
    ...NOTHING,
    rows: "all",
    dump: { part: "large-objects.dump", args: ["--data-only", "--exclude-table-data=*.*"] },
    largeObjects: true,
    serves: ["rows"],
  },
  critical: { ...NOTHING, rows: "critical", serves: ["rows"] },
  configuration: { ...NOTHING, database: false, configuration: true },
  environment: { ...NOTHING, database: false, environment: true },
  repository: { ...NOTHING, database: false, repository: true },
};
