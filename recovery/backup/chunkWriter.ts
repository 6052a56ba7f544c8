import { endBytes } from "../postgres/rows/rows.ts";
import { RowSum } from "../postgres/rows/rowSum.ts";
import type { CopyFormat } from "../postgres/session/copyFormat.ts";
import type { CopySink } from "../postgres/session/copyOut.ts";
import type { ChunkSection } from "../vault/manifest.ts";

/**
 * Plain bytes after which a chunk is cut: some 2 MB stored. A worker holds two of them, which bounds its memory; smaller ones
 * keep all workers busy to the end, and cost requests.
 */
const CHUNK_BYTES = 6 * 1024 * 1024;
/** What a socket delivers at once; a chunk is cut only between two deliveries. */
const SLACK_BYTES = 256 * 1024;

/** Rows of one table in a chunk, as they lie there one after the other. */
export type StoreChunk = (text: Buffer, sections: ChunkSection[]) => Promise<void>;

/**
 * Collects the rows of one table after the other into chunks, cut between rows, and fingerprints each row on its way.
 * While one chunk is being stored the next one fills.
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

  /** The rows that follow are this table's. */
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
    // A single row that is larger than a chunk makes a larger one.
    if (this.#used < CHUNK_BYTES || this.#rowStart === 0) return undefined;
    if (this.#isStoring) return this.#storing.then(() => this.#cut());
    this.#cut();
    return undefined;
  }

  /** The table's rows are complete. */
  end(): void {
    this.#closeSection();
    this.#table = undefined;
  }

  /** Hands over what is left, as soon as there is a buffer for what comes next. */
  async flush(): Promise<void> {
    await this.#storing;
    if (this.#used > 0 || this.#sections.length > 0) this.#cut();
  }

  /** Waits until everything that was handed over is stored; fails where any of it could not be. */
  async stored(): Promise<void> {
    await this.#storing;
  }

  #closeSection(): void {
    if (this.#table === undefined || this.#sum.rows === 0) return;
    const { schema, name } = this.#table;
    const bytes = this.#rowStart - this.#sectionStart;
    this.#sections.push({ schema, name, rows: this.#sum.rows, bytes, fingerprint: this.#sum.toString() });
  }

  /** Hands the whole rows over and goes on in the other buffer, which begins with the row that isn't complete yet. */
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
      // One that has grown for a giant row is let go of.
      if (full.length === CHUNK_BYTES + SLACK_BYTES) this.#spare = full;
    });
    // One that has failed before must not be forgotten.
    this.#storing = Promise.all([this.#storing, stored]).then(() => undefined);
    // Whoever waits next hears of it; until then it must not end the process.
    this.#storing.catch(() => undefined);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
  }
}
