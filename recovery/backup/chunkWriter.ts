import { endBytes } from "../postgres/rows/rows.ts";
import { RowSum } from "../postgres/rows/rowSum.ts";
import type { CopyFormat } from "../postgres/session/copyFormat.ts";
import type { CopySink } from "../postgres/session/copyOut.ts";
import type { ChunkSection } from "../vault/manifest.ts";

/**
 * Plain bytes after which a chunk is cut, some 2 MB when stored. A worker holds two chunks, which bounds its memory. Smaller chunks keep
 * all workers busy to the end, but cost more requests.
 */
const CHUNK_BYTES = 6 * 1024 * 1024;
/** The most that a socket delivers at once. A chunk is cut only between two deliveries. */
const SLACK_BYTES = 256 * 1024;

/** Stores a chunk: its rows, and for each table in it a section, in the order of the rows. */
export type StoreChunk = (text: Buffer, sections: ChunkSection[]) => Promise<void>;

/**
 * Collects rows of one table after the other into chunks that are cut between rows, and fingerprints each row. While one chunk is being
 * stored, the next one fills.
 */
export class ChunkWriter implements CopySink {
  readonly #store: StoreChunk;
  #buffer: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES + SLACK_BYTES);
  #spare: Buffer | undefined;
  #used = 0;
  #rowStart = 0;
  #sections: ChunkSection[] = [];
  #table: { schema: string; name: string } | undefined;
  #endBytes = 0;
  #sectionStart = 0;
  #sum = new RowSum();
  #storing: Promise<void> = Promise.resolve();
  #isStoring = false;

  constructor(store: StoreChunk) {
    this.#store = store;
  }

  /** Starts a table. The rows that follow belong to it. */
  begin(table: { schema: string; name: string; format: CopyFormat }): void {
    this.#table = table;
    this.#endBytes = endBytes(table.format);
    this.#sectionStart = this.#used;
    this.#sum = new RowSum();
  }

  write(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.#used + length > this.#buffer.length) this.#grow(this.#used + length);
    bytes.copy(this.#buffer, this.#used, start, end);
    this.#used += length;
  }

  endOfRow(): void {
    this.#sum.add(this.#buffer, this.#rowStart, this.#used - this.#endBytes);
    this.#rowStart = this.#used;
  }

  full(): Promise<void> | undefined {
    // A row that is larger than a chunk makes a larger chunk.
    if (this.#used < CHUNK_BYTES || this.#rowStart === 0) return undefined;
    if (this.#isStoring) return this.#storing.then(() => this.#cut());
    this.#cut();
    return undefined;
  }

  /** Ends the table. */
  end(): void {
    this.#closeSection();
    this.#table = undefined;
  }

  /** Hands over the rest, as soon as a buffer for the next rows is free. */
  async flush(): Promise<void> {
    await this.#storing;
    if (this.#used > 0 || this.#sections.length > 0) this.#cut();
  }

  /** Waits until every chunk that was handed over is stored. Rejects if one of them could not be stored. */
  async stored(): Promise<void> {
    await this.#storing;
  }

  #closeSection(): void {
    if (this.#table === undefined || this.#sum.rows === 0) return;
    const { schema, name } = this.#table;
    const bytes = this.#rowStart - this.#sectionStart;
    this.#sections.push({ schema, name, rows: this.#sum.rows, bytes, fingerprint: this.#sum.toString() });
  }

  /** Hands the complete rows over, and continues in the other buffer with the incomplete row. */
  #cut(): void {
    this.#closeSection();
    const [full, length, sections] = [this.#buffer, this.#rowStart, this.#sections];
    const next = this.#spare ?? Buffer.allocUnsafeSlow(CHUNK_BYTES + SLACK_BYTES);
    this.#spare = undefined;
    const rest = this.#used - length;
    this.#buffer = next;
    if (rest > next.length) this.#grow(rest);
    full.copy(this.#buffer, 0, length, this.#used);
    this.#used = rest;
    this.#rowStart = 0;
    this.#sectionStart = 0;
    this.#sum = new RowSum();
    this.#sections = [];
    if (length === 0) return;
    this.#isStoring = true;
    const stored = this.#store(full.subarray(0, length), sections).finally(() => {
      this.#isStoring = false;
      // A buffer that has grown for a giant row is not kept.
      if (full.length === CHUNK_BYTES + SLACK_BYTES) this.#spare = full;
    });
    // An earlier failure must not be lost.
    this.#storing = Promise.all([this.#storing, stored]).then(() => undefined);
    // The next wait reports the failure. Until then an unhandled rejection must not end the process.
    this.#storing.catch(() => undefined);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
  }
}
