import { hash } from "node:crypto";

/** Rows of one table that are gone, altered or new, counted. */
export interface RowDifferences {
  /** Rows of the first side that the second doesn't have in the same form: missing or altered. */
  lost: number;
  /** Of those, how many are there with the same key and other values; undefined where no key tells. */
  altered: number | undefined;
  /** Rows that the second side alone has. */
  added: number;
}

/** A key occurs twice, so it is none. */
export class NoKey extends Error {
  override readonly name = "NoKey";
}

const TAB = 0x09;
/** Slots stay at most this full. */
const FULLEST = 0.7;
const SEEN = -1;

/**
 * Compares two sides' COPY lines in flat memory: of each line only hashes of 64 bits are kept (28 bytes a row of the first side, empty
 * slots included). With the positions of a key's columns it tells altered rows from missing ones; without, equal lines are counted
 * against each other.
 */
export class RowTable {
  readonly #keyColumns: readonly number[] | undefined;
  readonly #share: { index: number; of: number };
  readonly #mask: number;
  /** Four numbers a slot: hash of the key, hash of the line. */
  readonly #hashes: Uint32Array;
  /** How many lines of the first side are unmatched; 0 for an empty slot, -1 for one whose lines have all been matched. */
  readonly #counts: Int32Array;
  #used = 0;
  readonly #capacity: number;
  #altered = 0;
  #added = 0;

  /**
   * @param rows of the first side, at most
   * @param keyColumns positions of the key's columns in a line, from 0; none where there is no key
   * @param share which part of all rows this is, by the hashes of their keys
   */
  constructor(
    rows: number,
    keyColumns: readonly number[] | undefined,
    share: { index: number; of: number } = { index: 0, of: 1 },
  ) {
    this.#keyColumns = keyColumns;
    this.#share = share;
    let slots = 16;
    while (slots * FULLEST < rows + 1) slots *= 2;
    this.#mask = slots - 1;
    this.#capacity = Math.floor(slots * FULLEST);
    this.#hashes = new Uint32Array(slots * 4);
    this.#counts = new Int32Array(slots);
  }

  /** A line of the first side, without its newline. {@link NoKey} where its key was there before. */
  addFirst(line: Buffer): void {
    const row = this.#hash(line);
    if (row === undefined) return;
    const slot = this.#find(row);
    if (this.#counts[slot] === 0) {
      if (this.#used >= this.#capacity) throw new RangeError("more rows than there is room for");
      this.#used += 1;
      this.#hashes.set(row, slot * 4);
    } else if (this.#keyColumns !== undefined) {
      throw new NoKey();
    }
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  /** A line of the second side, once all of the first have been added. {@link NoKey} where its key was there before. */
  addSecond(line: Buffer): void {
    const row = this.#hash(line);
    if (row === undefined) return;
    const slot = this.#find(row);
    const count = this.#counts[slot] ?? 0;
    if (count === 0 || (count === SEEN && this.#keyColumns === undefined)) {
      this.#added += 1;
      return;
    }
    if (count === SEEN) throw new NoKey();
    const isSame = this.#hashes[slot * 4 + 2] === row[2] && this.#hashes[slot * 4 + 3] === row[3];
    if (!isSame) this.#altered += 1;
    this.#counts[slot] = count === 1 ? SEEN : count - 1;
  }

  /** What differs, once all lines have been added. */
  result(): RowDifferences {
    const missing = this.#counts.reduce((sum, count) => sum + Math.max(0, count), 0);
    return {
      lost: missing + this.#altered,
      altered: this.#keyColumns === undefined ? undefined : this.#altered,
      added: this.#added,
    };
  }

  #hash(line: Buffer): readonly [number, number, number, number] | undefined {
    const whole = hash("md5", line, "buffer");
    const key = this.#keyColumns === undefined ? whole : hash("md5", fieldsOf(line, this.#keyColumns), "buffer");
    // Bits that the slot isn't chosen by.
    if (key.readUInt32LE(8) % this.#share.of !== this.#share.index) return undefined;
    return [key.readUInt32LE(0), key.readUInt32LE(4), whole.readUInt32LE(0), whole.readUInt32LE(4)];
  }

  /** The slot of the key, or the empty one where it belongs. */
  #find([low, high]: readonly [number, number, number, number]): number {
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      if (this.#counts[slot] === 0) return slot;
      if (this.#hashes[slot * 4] === low && this.#hashes[slot * 4 + 1] === high) return slot;
    }
  }
}

/** The fields at these positions, as they are written: a tab inside of a value is escaped, so the split is exact. */
function fieldsOf(line: Buffer, positions: readonly number[]): Buffer {
  const ends: number[] = [];
  for (let at = line.indexOf(TAB); at !== -1; at = line.indexOf(TAB, at + 1)) ends.push(at);
  ends.push(line.length);
  return Buffer.concat(
    positions.flatMap((position) => [
      line.subarray(position === 0 ? 0 : (ends[position - 1] ?? 0) + 1, ends[position]),
      Buffer.from([TAB]),
    ]),
  );
}
