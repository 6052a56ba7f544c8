/** How an object of a vault was found to have been written over: what the readers report of it. */
export interface WrittenOver {
  key: string;
  /** Versions above the one that was read. */
  newer: number;
  /** When the newest of them was written. */
  newestAt: Date;
}

/**
 * What the readers of one vault know of keys that have more than one version, and what they have passed over. Keys are written once, so more
 * than one version means that something else than a backup has written there, or that an answer of S3 was lost on its way.
 */
export class PassedOver {
  readonly #several = new Set<string>();
  readonly #chosen = new Map<string, string>();
  readonly #found = new Map<string, string>();

  /** A listing has shown more than one version of this key. */
  suspect(key: string): void {
    this.#several.add(key);
  }

  /** Whether a reader must look which version it takes. */
  isSuspect(key: string): boolean {
    return this.#several.has(key);
  }

  /** The version of a key that was found to match, so that it is looked for once. */
  chosen(key: string): string | undefined {
    return this.#chosen.get(key);
  }

  /** Notes that a reader has taken an older version. */
  note({ key, newer, newestAt }: WrittenOver, versionId: string): void {
    this.#several.add(key);
    this.#chosen.set(key, versionId);
    this.#found.set(
      key,
      `${key} was written over: ${newer} newer ${newer === 1 ? "version does" : "versions do"} not match and ${newer === 1 ? "was" : "were"} passed over, the newest of ${newestAt.toISOString()}; the audit trail names the writer`,
    );
  }

  /** Notes that objects were read from below their delete markers. `key` is the first of them. */
  noteDeleted(key: string, { objects, deletedAt }: { objects: number; deletedAt: Date }): void {
    const what = objects === 1 ? `${key} was` : `${objects} objects (${key} and others) were`;
    this.#found.set(
      `${key} deleted`,
      `${what} deleted at ${deletedAt.toISOString()} and read from below the delete marker; the audit trail names the caller`,
    );
  }

  /** In clauses, by key: of one backup's objects. */
  clauses(backupId: string): string[] {
    return [...this.#found]
      .filter(([key]) => key.includes(`/${backupId}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, clause]) => clause);
  }
}
