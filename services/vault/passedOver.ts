/** What the readers report about an object that was written over. */
export interface WrittenOver {
  key: string;
  /** Versions above the one that was read. */
  newer: number;
  /** When the newest of them was written. */
  newestAt: Date;
}

/**
 * The keys of one vault that have more than one version, and the versions that the readers have passed over. Backups write each key once, so
 * several versions mean that something else wrote there, or that an answer of S3 was lost.
 */
export class PassedOver {
  readonly #several = new Set<string>();
  readonly #chosen = new Map<string, string>();
  readonly #found = new Map<string, string>();

  /** A listing has shown more than one version of this key. */
  suspect(key: string): void {
    this.#several.add(key);
  }

  /** Whether a reader must choose between versions. */
  isSuspect(key: string): boolean {
    return this.#several.has(key);
  }

  /** The version of a key that was found to match, so that the search happens once. */
  chosen(key: string): string | undefined {
    return this.#chosen.get(key);
  }

  /** Notes that a reader has taken an older version. */
  note({ key, newer, newestAt }: WrittenOver, versionId: string): void {
    this.#several.add(key);
    this.#chosen.set(key, versionId);
    const [versions, were] = newer === 1 ? ["version does", "was"] : ["versions do", "were"];
    const clause = `${newer} newer ${versions} not match and ${were} passed over, the newest of ${newestAt.toISOString()}`;
    this.#found.set(key, `${key} was written over: ${clause}; the audit trail names the writer`);
  }

  /** Notes that deleted objects were read from below their delete markers. `key` is the first of them. */
  noteDeleted(key: string, { objects, deletedAt }: { objects: number; deletedAt: Date }): void {
    const what = objects === 1 ? `${key} was` : `${objects} objects (${key} and others) were`;
    this.#found.set(
      `${key} deleted`,
      `${what} deleted at ${deletedAt.toISOString()} and read from below the delete marker; the audit trail names the caller`,
    );
  }

  /** Clauses about one backup's objects, sorted by key. */
  clauses(backupId: string): string[] {
    return [...this.#found]
      .filter(([key]) => key.includes(`/${backupId}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, clause]) => clause);
  }
}
