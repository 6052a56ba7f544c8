import type { RowShape } from "./dataSet.ts";

/** Columns of a table of that shape. Its key and its index are created after the rows. */
export const COLUMNS: Record<RowShape, string> = {
  one: "id bigint not null, author uuid not null, title text, body text, created_at timestamptz, score numeric, done boolean",
  many: "id bigint not null, author uuid not null, title text, body text, created_at timestamptz, score numeric, done boolean",
  wide: "id bigint not null, created_at timestamptz, document text, embedding real[]",
};

const WORDS = 2000;
const WORDS_IN_BODY = 26;
const WORDS_IN_DOCUMENT = 600;
/** The dimensions of a common embedding model. */
const DIMENSIONS = 1536;
/** Size of each piece of COPY text. */
const PIECE_BYTES = 8 * 1024 * 1024;
const FIRST_DAY_MS = Date.UTC(2026, 0, 1);
const ROW_EVERY_MS = 17_000;

/**
 * Rows of one table as COPY text, in pieces of together at least `bytes`. Posts have numbers, times, incompressible ids, and words with the
 * frequencies of a language. Documents have an embedding and are stored in TOAST. A table's rows are the same each time.
 */
export function* copyText(shape: RowShape, table: number, bytes: number): Generator<Buffer> {
  const random = new Random(table + 1);
  let piece: string[] = [];
  let pieceBytes = 0;
  let left = bytes;
  for (let id = 1; left > 0; id += 1) {
    const row = shape === "wide" ? documentRow(id, random) : postRow(id, random);
    piece.push(row);
    pieceBytes += row.length;
    left -= row.length;
    if (pieceBytes < PIECE_BYTES && left > 0) continue;
    yield Buffer.from(piece.join(""), "latin1");
    piece = [];
    pieceBytes = 0;
  }
}

function postRow(id: number, random: Random): string {
  const author = `${random.hex(2)}-${random.hex(1)}-${random.hex(1)}-${random.hex(1)}-${random.hex(3)}`;
  const title = `Casting call no. ${id} ${random.hex(2)}`;
  const score = ((id * 7919) % 100_000) / 100;
  return `${id}\t${author}\t${title}\t${words(WORDS_IN_BODY, random)}\t${timeOf(id)}\t${score}\t${id % 3 === 0 ? "t" : "f"}\n`;
}

function documentRow(id: number, random: Random): string {
  const embedding = Array.from({ length: DIMENSIONS }, () => {
    const value = random.next();
    // Seven digits, which a float4 holds.
    return `${value & 1 ? "-" : ""}0.0${1_000_000 + ((value >>> 1) % 9_000_000)}`;
  });
  return `${id}\t${timeOf(id)}\t${words(WORDS_IN_DOCUMENT, random)}\t{${embedding.join(",")}}\n`;
}

function timeOf(id: number): string {
  return new Date(FIRST_DAY_MS + id * ROW_EVERY_MS).toISOString();
}

function words(count: number, random: Random): string {
  let text = "";
  for (let index = 0; index < count; index += 1)
    text += (index === 0 ? "" : " ") + (BY_CHANCE[random.next() & 0xffff] ?? "");
  return text;
}

/** A small random number generator (xorshift32, Marsaglia 2003) with a given seed. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b9) | 1;
  }

  /** 32 bits, signed. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (this.#state = state);
  }

  /** So many groups of four hexadecimal digits. */
  hex(groups: number): string {
    let text = "";
    for (let index = 0; index < groups; index += 1) text += HEX[this.next() & 0xffff] ?? "";
    return text;
  }
}

const HEX = Array.from({ length: 0x10000 }, (_, value) => value.toString(16).padStart(4, "0"));

/** 65536 draws from {@link WORDS} words of 3 to 9 letters; the first words are far more frequent than the last. */
const BY_CHANCE = (() => {
  const random = new Random(4711);
  const list = Array.from({ length: WORDS }, (_, index) =>
    Array.from({ length: 3 + (index % 7) }, () => String.fromCharCode(97 + ((random.next() >>> 8) % 26))).join(""),
  );
  return Array.from({ length: 0x10000 }, (_, draw) => list[Math.floor(WORDS * (draw / 0x10000) ** 3)] ?? "");
})();
