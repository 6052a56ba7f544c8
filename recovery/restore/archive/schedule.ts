import { EventEmitter, once } from "node:events";

import type { ArchiveEntry } from "./archiveScript.ts";

/** An entry of an archive, as far as its turn depends on it. */
export type Scheduled = Pick<ArchiveEntry, "id" | "needs" | "locks" | "bytes">;

/** Entries that are made in one transaction. More would hold locks for longer than the round trips that they save. */
const BATCH = 32;
/** An entry that is estimated higher is a batch by itself: about the work of a few milliseconds. */
const SMALL_BYTES = 256 * 1024;
/**
 * Estimated work for each pair of an entry's needs, in bytes of rows. PostgreSQL plans the check of a partitioned table's foreign key once a
 * partition, over all partitions that it references: 44 s for 500 and 500 (measured on 17.10), which is about the time to index 1 GB.
 */
const BYTES_A_PAIR = 1024;

const FINISHED = "finished";

/**
 * Hands out the entries of an archive to several sessions. Entries that do not need each other or lock the same table are made at the same
 * time, by the rules that pg_restore has for its own jobs. The entry that the longest work waits for begins first (critical path). Small
 * entries come in batches, in the order in which they need each other.
 *
 * @param entries in pg_restore's order, in which each comes after those that it needs
 */
export class Schedule<E extends Scheduled> {
  readonly #waiting: E[];
  readonly #running = new Set<E>();
  /** Ids of entries that others have to wait for. */
  readonly #unfinished: Set<number>;
  readonly #changes = new EventEmitter();

  constructor(entries: readonly E[]) {
    const ranks = ranksOf(entries);
    this.#waiting = [...entries].sort((a, b) => (ranks.get(b.id) ?? 0) - (ranks.get(a.id) ?? 0));
    this.#unfinished = new Set(entries.map(({ id }) => id));
  }

  /** The number of entries that no session has yet. */
  get size(): number {
    return this.#waiting.length;
  }

  /** The next entries for one transaction, once they can begin. Undefined if none is left. */
  async next(signal: AbortSignal): Promise<E[] | undefined> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#waiting.length === 0) return undefined;
      const batch = this.#takeBatch();
      if (batch.length > 0) return batch;
      if (this.#running.size === 0) throw new Error("the archive's entries wait for each other");
      await once(this.#changes, FINISHED, { signal });
    }
  }

  /** Notes that these entries are committed. */
  finish(batch: readonly E[]): void {
    for (const entry of batch) {
      this.#running.delete(entry);
      this.#unfinished.delete(entry.id);
    }
    this.#changes.emit(FINISHED);
  }

  #takeBatch(): E[] {
    const others = [...this.#running];
    const batch: E[] = [];
    const own = new Set<number>();
    for (const entry of this.#waiting) {
      if (batch.length === BATCH) break;
      const isSmall = estimateOf(entry) <= SMALL_BYTES;
      if (batch.length > 0 && !isSmall) continue;
      if (!this.#canBegin(entry, own, others)) continue;
      batch.push(entry);
      own.add(entry.id);
      if (!isSmall) break;
    }
    for (const entry of batch) this.#running.add(entry);
    const left = this.#waiting.filter(({ id }) => !own.has(id));
    this.#waiting.splice(0, this.#waiting.length, ...left);
    return batch;
  }

  #canBegin(entry: E, own: ReadonlySet<number>, others: readonly E[]): boolean {
    return (
      entry.needs.every((id) => own.has(id) || !this.#unfinished.has(id)) &&
      others.every((other) => !conflict(entry, other) && !conflict(other, entry))
    );
  }
}

/** Whether the first locks a table that the other works on. */
function conflict(one: Scheduled, other: Scheduled): boolean {
  return one.locks.some((id) => other.needs.includes(id));
}

function estimateOf({ bytes, needs }: Scheduled): number {
  return bytes + needs.length ** 2 * BYTES_A_PAIR;
}

/** An entry's own estimated work, and the longest that follows it. */
function ranksOf(entries: readonly Scheduled[]): Map<number, number> {
  const ranks = new Map<number, number>();
  const following = new Map<number, number>();
  for (const entry of [...entries].reverse()) {
    const rank = estimateOf(entry) + (following.get(entry.id) ?? 0);
    ranks.set(entry.id, rank);
    for (const id of entry.needs) following.set(id, Math.max(following.get(id) ?? 0, rank));
  }
  return ranks;
}
