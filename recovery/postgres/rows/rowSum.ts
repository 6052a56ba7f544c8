import type { CopyFormat } from "../session/copyFormat.ts";
import { eachRow } from "./rows.ts";

/**
 * Sum of the 64-bit hashes of rows (lines or tuples of a copy), modulo 2^64. It does not depend on their order, and equal rows don't cancel
 * out as they would with XOR. It detects accidents, not tampering, which SHA-256 and the signature detect.
 */
export class RowSum {
  /** Rows so far. */
  rows = 0;
  #low = 0;
  #high = 0;
  #buffer: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Adds the row from `start` to `end`, without a line's newline. */
  add(bytes: Buffer, start: number, end: number): void {
    if (this.#buffer !== bytes) {
      this.#buffer = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const view = this.#view;
    const length = end - start;
    const words = start + (length & ~7);
    let a = 0x9e3779b9 ^ length;
    let b = 0x85ebca6b ^ length;
    let at = start;
    // Two 32-bit halves, each mixed into the other. Every step is reversible, so rows that differ in one word never collide.
    for (; at < words; at += 8) {
      a = Math.imul((a ^ view.getInt32(at, true)) + b, 0xcc9e2d51);
      a = (a << 15) | (a >>> 17);
      b = Math.imul((b ^ view.getInt32(at + 4, true)) + a, 0x1b873593);
      b = (b << 13) | (b >>> 19);
    }
    for (; at < end; at += 1) {
      a = Math.imul((a ^ view.getUint8(at)) + b, 0xcc9e2d51);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b + a, 0x1b873593);
      b = (b << 13) | (b >>> 19);
    }
    a = Math.imul(a ^ (a >>> 16) ^ b, 0x85ebca6b);
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    a ^= a >>> 16;
    b = Math.imul(b ^ (b >>> 16) ^ a, 0x7feb352d);
    b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
    b ^= b >>> 16;
    this.rows += 1;
    this.#addHalves(b >>> 0, a >>> 0);
  }

  /** Adds all rows of a copy. Returns false if one is incomplete. */
  addAll(bytes: Buffer, start: number, end: number, format: CopyFormat): boolean {
    return eachRow(bytes, start, end, format, (_, from, to) => this.add(bytes, from, to));
  }

  /** Adds another sum of that many rows, as {@link toString} writes it. */
  addSum(rows: number, sum: string): void {
    this.rows += rows;
    this.#addHalves(Number.parseInt(sum.slice(0, 8), 16), Number.parseInt(sum.slice(8), 16));
  }

  #addHalves(high: number, low: number): void {
    this.#low += low;
    this.#high += high;
    if (this.#low > 0xffffffff) {
      this.#low -= 0x1_0000_0000;
      this.#high += 1;
    }
    if (this.#high > 0xffffffff) this.#high -= 0x1_0000_0000;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return this.#high.toString(16).padStart(8, "0") + this.#low.toString(16).padStart(8, "0");
  }
}
