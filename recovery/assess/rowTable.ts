import { fieldOf } from "../postgres/rows/rows.ts";
import type { CopyFormat } from "../postgres/session/copyFormat.ts";
import { RowHash } from "./rowHash.ts";

/** Counts of rows that are missing, altered or new. */
export interface RowDifferences {
  /** Rows of the first side that the second does not have in the same form: missing or altered. */
  lost: number;
  /** How many of them have the same key and other values. Undefined without a key. */
  altered: number | undefined;
  /** Rows that only the second side has. */
  added: number;
}

/** A key occurs twice, so it does not identify rows. */
export class NoKey extends Error {
  override readonly name = "NoKey";
}

/** The largest share of slots that are used. */
const FULLEST = 0.7;
const SEEN = -1;

/**
 * Compares the rows of two sides in flat memory. Of each row only 64-bit hashes are kept (20 bytes a slot, at most 58 a row of the first
 * side). With the positions of a key's columns it separates altered rows from missing ones. Without them, equal rows are counted against
 * each other.
 */
export class RowTable {
  readonly #format: CopyFormat;
  readonly #keyColumns: readonly number[] | undefined;
  readonly #share: { index: number; of: number };
  readonly #mask: number;
  /** Four numbers a slot: hash of the key, hash of the line. */
  readonly #hashes: Uint32Array;
  /** Unmatched rows of the first side. 0 for an empty slot, -1 for a slot whose rows have all been matched. */
  readonly #counts: Int32Array;
  #used = 0;
  readonly #capacity: number;
  readonly #row = new Uint32Array(4);
  readonly #key = new RowHash();
  readonly #line = new RowHash();
  #altered = 0;
  #added = 0;

  /**
   * @param rows of the first side, at most
   * @param format of both sides
   * @param keyColumns positions of the key's columns in a row, from 0; undefined without a key
   * @param share which part of all rows this is, by the hashes of their keys
   */
  constructor(
    rows: number,
    format: CopyFormat,
    keyColumns: readonly number[] | undefined,
    share: { index: number; of: number } = { index: 0, of: 1 },
  ) {
    this.#format = format;
    this.#keyColumns = keyColumns;
    this.#share = share;
    let slots = 16;
    while (slots * FULLEST < rows + 1) slots *= 2;
    this.#mask = slots - 1;
    this.#capacity = Math.floor(slots * FULLEST);
    this.#hashes = new Uint32Array(slots * 4);
    this.#counts = new Int32Array(slots);
  }

  /** Adds a row of the first side, from `start` to `end`. @throws {@link NoKey} if its key occurred before */
  addFirst(bytes: Buffer, start: number, end: number): void {
    if (!this.#take(bytes, start, end)) return;
    const slot = this.#find();
    if (this.#counts[slot] === 0) {
      if (this.#used >= this.#capacity) throw new RangeError("more rows than there is room for");
      this.#used += 1;
      this.#hashes.set(this.#row, slot * 4);
    } else if (this.#keyColumns !== undefined) {
      throw new NoKey();
    }
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  /** Adds a row of the second side, after all rows of the first. @throws {@link NoKey} if its key occurred before */
  addSecond(bytes: Buffer, start: number, end: number): void {
    if (!this.#take(bytes, start, end)) return;
    const slot = this.#find();
    const count = this.#counts[slot] ?? 0;
    if (count === 0 || (count === SEEN && this.#keyColumns === undefined)) {
      this.#added += 1;
      return;
    }
    if (count === SEEN) throw new NoKey();
    const isSame = this.#hashes[slot * 4 + 2] === this.#row[2] && this.#hashes[slot * 4 + 3] === this.#row[3];
    if (!isSame) this.#altered += 1;
    this.#counts[slot] = count === 1 ? SEEN : count - 1;
  }

  /** What differs, after all rows have been added. */
  result(): RowDifferences {
    const missing = this.#counts.reduce((sum, count) => sum + Math.max(0, count), 0);
    return {
      lost: missing + this.#altered,
      altered: this.#keyColumns === undefined ? undefined : this.#altered,
      added: this.#added,
    };
  }

  /** Hashes a row. False if it does not belong to this share. */
  #take(bytes: Buffer, start: number, end: number): boolean {
    const line = this.#line;
    line.begin();
    line.add(bytes, start, end);
    line.finish();
    const key = this.#keyColumns === undefined ? line : this.#hashKey(bytes, start, end, this.#keyColumns);
    this.#row[0] = key.low;
    this.#row[1] = key.high;
    this.#row[2] = line.low;
    this.#row[3] = line.high;
    // The slot is chosen by the other half.
    return key.high % this.#share.of === this.#share.index;
  }

  /** The fields at these positions, as they are written. */
  #hashKey(bytes: Buffer, start: number, end: number, positions: readonly number[]): RowHash {
    const key = this.#key;
    key.begin();
    for (const position of positions) {
      const [from, to] = fieldOf(bytes, start, end, this.#format, position);
      key.add(bytes, from, to);
    }
    key.finish();
    return key;
  }

  /** The slot of the key, or the empty slot for it. */
  #find(): number {
    const [low = 0, high = 0] = this.#row;
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      if (this.#counts[slot] === 0) return slot;
      if (this.#hashes[slot * 4] === low && this.#hashes[slot * 4 + 1] === high) return slot;
    }
  }
}
