import { releaseAround } from "../../services/common/releaseMemory.ts";
import { countTable, type TableCount } from "../postgres/rows/countTable.ts";
import { copyOutSql, type PlannedTable, type ReadItem } from "../postgres/rows/tableReading.ts";
import type { Session } from "../postgres/session/database.ts";
import { tableKey } from "../postgres/session/quote.ts";
import { isLostConnection } from "../postgres/session/sqlState.ts";
import { compressBytes } from "../vault/compression.ts";
import { type BackupChunk, chunkObject, type ChunkSection, keyInAttempt } from "../vault/manifest.ts";
import { ChunkWriter } from "./chunkWriter.ts";
import { isLockRefusal, LocksLost } from "./lockConflict.ts";
import { LockPatience, openReader, type Reading, releaseReaderLocks } from "./snapshotReader.ts";

/** Tables to read and to count. */
export interface TableWork {
  items: ReadItem[];
  toCount: PlannedTable[];
}

/** Work that the readers take one item after the other, and its results. */
export interface ReadQueue extends TableWork {
  /** The contended tables, which only the session that holds them may read. */
  held: TableWork;
  chunks: BackupChunk[];
  /** By {@link tableKey}. */
  counts: Map<string, TableCount>;
  /** Chunks that were started, also by an attempt that failed, so that no key is used twice. */
  begun: number;
}

const ATTEMPTS = 3;
/** Tables after which a reader releases its locks. */
const TABLES_HELD = 50;

/**
 * Reads and stores items of the queue over one connection, then counts tables, until the queue is empty. A lost connection is replaced
 * while the snapshot lives, and its item is read again from its start, so that no row comes twice. A lock that cannot be taken is retried
 * the same way. If that lasts too long, LockConflict is thrown.
 */
export async function readTables(reading: Reading, queue: ReadQueue, signal: AbortSignal): Promise<void> {
  const reader = new TableReader(reading, queue, signal);
  try {
    await reader.work(queue);
    await reader.stored();
  } finally {
    await reader.end();
  }
}

/**
 * Reads, stores and counts the contended tables over the session that has locked them since before the snapshot. Once all definitions are
 * read as well, it ends that session, which releases the tables. No part of the run may touch them afterwards.
 *
 * @throws LocksLost if the session is lost before: another session could have emptied a table since, and it would be read as empty
 */
export async function readHeldTables(
  reading: Reading,
  queue: ReadQueue,
  { holder, defined, signal }: { holder: Session; defined: Promise<unknown>; signal: AbortSignal },
): Promise<void> {
  const reader = new TableReader(reading, queue, signal, holder);
  await reader.work(queue.held);
  await defined;
  // Fails if the transaction is gone, and its locks with it.
  await reader.retrying((session) => session.query("commit"));
  await holder.end();
  await reader.stored();
}

class TableReader {
  readonly #reading: Reading;
  readonly #queue: ReadQueue;
  readonly #signal: AbortSignal;
  /** Has locked what it reads since before the snapshot, so that it can't be replaced. */
  readonly #holder: Session | undefined;
  #session: Session | undefined;
  /** Kept from item to item to reuse its memory. */
  #writer: ChunkWriter | undefined;
  #kind: BackupChunk["kind"] = "app";
  /** Chunks of the item that is being read. If the item is given up, so are they. */
  #stored: BackupChunk[] = [];
  readonly #finishing: Promise<void>[] = [];
  /** Tables that the session's transaction has locked. */
  #held = 0;

  constructor(reading: Reading, queue: ReadQueue, signal: AbortSignal, holder?: Session) {
    this.#reading = reading;
    this.#queue = queue;
    this.#signal = signal;
    this.#holder = holder;
  }

  /** Reads all items, then counts all tables. */
  async work({ items, toCount }: TableWork): Promise<void> {
    for (let item = items.shift(); item !== undefined; item = items.shift()) {
      const read = item;
      await this.retrying((session) => this.read(session, read));
    }
    for (let table = toCount.shift(); table !== undefined; table = toCount.shift()) {
      const counted = table;
      await this.retrying(async (session) => {
        await this.holdOneMore(session);
        this.#queue.counts.set(tableKey(counted), await countTable(session, counted));
      });
    }
  }

  async retrying(work: (session: Session) => Promise<unknown>): Promise<void> {
    if (this.#holder !== undefined) {
      try {
        await work(this.#holder);
        return;
      } catch (error) {
        throw isLostConnection(error)
          ? new LocksLost("the session that held contended tables is lost", { cause: error })
          : error;
      }
    }
    let patience: LockPatience | undefined;
    for (let lost = 0; ;) {
      try {
        this.#session ??= await openReader(this.#reading, this.#signal);
        await work(this.#session);
        return;
      } catch (error) {
        const isRefused = isLockRefusal(error);
        if (!isRefused && (++lost >= ATTEMPTS || !isLostConnection(error))) throw error;
        this.#writer = undefined;
        await this.end();
        if (isRefused) await (patience ??= new LockPatience(this.#reading.timing)).pause(error, this.#signal);
      }
    }
  }

  async read(session: Session, item: ReadItem): Promise<void> {
    this.#kind = item[0]?.table.kind ?? "app";
    const stored: BackupChunk[] = [];
    this.#stored = stored;
    this.#writer ??= new ChunkWriter((text, sections) => this.#store(text, sections));
    for (const read of item) {
      await this.holdOneMore(session);
      this.#writer.begin(read.table);
      await session.copyOut(copyOutSql(read), this.#writer, read.table.format);
      this.#writer.end();
    }
    await this.#writer.flush();
    // The next item is read while the rest of this item is being stored.
    const finished = this.#writer.stored().then(() => void this.#queue.chunks.push(...stored));
    finished.catch(() => undefined);
    this.#finishing.push(finished);
  }

  /** Must be called before each table that is read or counted. */
  async holdOneMore(session: Session): Promise<void> {
    if (session === this.#holder) return;
    if (this.#held >= TABLES_HELD) {
      await releaseReaderLocks(session, this.#reading);
      this.#held = 0;
    }
    this.#held += 1;
  }

  /** Waits until every item that was read is stored. */
  async stored(): Promise<void> {
    await Promise.all(this.#finishing);
  }

  async #store(text: Buffer, sections: ChunkSection[]): Promise<void> {
    const [stored, kind] = [this.#stored, this.#kind];
    const { vault, lockUntil } = this.#reading;
    const key = keyInAttempt(this.#reading, chunkObject(++this.#queue.begun));
    const bytes = await compressBytes(text);
    const { sizeBytes, sha256 } = await vault.put(key, bytes, {
      contentType: "application/zstd",
      lockUntil,
      signal: this.#signal,
    });
    releaseAround(bytes);
    stored.push({ key, kind, sizeBytes, sha256, sections });
  }

  async end(): Promise<void> {
    await this.#session?.end();
    this.#session = undefined;
    this.#held = 0;
  }
}
