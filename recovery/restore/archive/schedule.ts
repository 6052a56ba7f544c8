import { EventEmitter, once } from "node:events";

import type { ArchiveEntry } from "./archiveScript.ts";

/** An entry of an archive, as far as its turn depends on it. */
export type Scheduled = Pick<ArchiveEntry, "id" | "needs" | "locks" | "bytes">;

/** Entries that are made in one transaction. More would hold locks for longer than the round trips that they save. */
const BATCH = 32;
/** An entry whose work is estimated higher is a batch by itself: about the work of a few milliseconds. */
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
  readonly #entries: readonly E[];
  readonly #estimate: (entry: Scheduled) => number;
  /** In the order in which they are tried. */
  readonly #waiting: Set<E>;
  readonly #running = new Set<E>();
  readonly #givenUp = new Set<E>();
  /** Ids of entries that others have to wait for. */
  readonly #unfinished: Set<number>;
  readonly #changes = new EventEmitter();

  /** @param estimate the work of an entry, in bytes of rows. If it is 0 for all, each batch is the next in pg_restore's order. */
  constructor(entries: readonly E[], estimate = estimateOf) {
    this.#entries = entries;
    this.#estimate = estimate;
    const ranks = ranksOf(entries, estimate);
    this.#waiting = new Set([...entries].sort((a, b) => (ranks.get(b.id) ?? 0) - (ranks.get(a.id) ?? 0)));
    this.#unfinished = new Set(entries.map(({ id }) => id));
  }

  /** The number of entries that no session has yet. */
  get size(): number {
    return this.#waiting.size;
  }

  /** The entries that were given up, and those that need one of them, in pg_restore's order. */
  get left(): E[] {
    const left = new Set([...this.#givenUp, ...this.#waiting]);
    return this.#entries.filter((entry) => left.has(entry));
  }

  /** The next entries for one transaction, once they can begin. Undefined if none is left, or only {@link left}. */
  async next(signal: AbortSignal): Promise<E[] | undefined> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#waiting.size === 0) return undefined;
      const batch = this.#takeBatch();
      if (batch.length > 0) return batch;
      if (this.#running.size === 0) {
        if (this.#givenUp.size > 0) return undefined;
        throw new Error("the archive's entries wait for each other");
      }
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

  /** Notes that these entries could not be made. No session gets them again. */
  giveUp(batch: readonly E[]): void {
    for (const entry of batch) {
      this.#running.delete(entry);
      this.#givenUp.add(entry);
    }
    this.#changes.emit(FINISHED);
  }

  #takeBatch(): E[] {
    const [taken, reserved] = [new Tables(), new Tables()];
    for (const entry of this.#running) taken.add(entry);
    const batch: E[] = [];
    const own = new Set<number>();
    for (const entry of this.#waiting) {
      if (batch.length === BATCH) break;
      const isSmall = this.#estimate(entry) <= SMALL_BYTES;
      if (batch.length > 0 && !isSmall) continue;
      if (!entry.needs.every((id) => own.has(id) || !this.#unfinished.has(id))) continue;
      if (taken.conflictWith(entry)) {
        // Small entries of its tables would keep it waiting again and again.
        if (!isSmall) reserved.add(entry);
        continue;
      }
      if (isSmall && reserved.conflictWith(entry)) continue;
      batch.push(entry);
      own.add(entry.id);
      if (!isSmall) break;
    }
    for (const entry of batch) {
      this.#waiting.delete(entry);
      this.#running.add(entry);
    }
    return batch;
  }
}

/** The tables that entries need, and those of them that they lock exclusively. */
class Tables {
  readonly #needed = new Set<number>();
  readonly #locked = new Set<number>();

  add({ needs, locks }: Scheduled): void {
    for (const id of needs) this.#needed.add(id);
    for (const id of locks) this.#locked.add(id);
  }

  /** Whether one side locks a table that the other works on. */
  conflictWith({ needs, locks }: Scheduled): boolean {
    return needs.some((id) => this.#locked.has(id)) || locks.some((id) => this.#needed.has(id));
  }
}

function estimateOf({ bytes, needs }: Scheduled): number {
  return bytes + needs.length ** 2 * BYTES_A_PAIR;
}

/** An entry's own estimated work, and the longest that follows it. */
function ranksOf(entries: readonly Scheduled[], estimate: (entry: Scheduled) => number): Map<number, number> {
  const ranks = new Map<number, number>();
  const following = new Map<number, number>();
  for (const entry of [...entries].reverse()) {
    const rank = estimate(entry) + (following.get(entry.id) ?? 0);
    ranks.set(entry.id, rank);
    for (const id of entry.needs) following.set(id, Math.max(following.get(id) ?? 0, rank));
  }
  return ranks;
}
