/**
 * A 64-bit hash of one or several pieces, without an allocation for each row. Like the fingerprints (rowSum.ts), it detects accidents, not
 * attacks.
 */
export class RowHash {
  low = 0;
  high = 0;
  #a = 0;
  #b = 0;

  /** Starts a new hash. */
  begin(): void {
    this.#a = 0x9e3779b9;
    this.#b = 0x85ebca6b;
  }

  /** Adds a piece with its length, so that the border between two pieces counts. */
  add(bytes: Buffer, start: number, end: number): void {
    let a = this.#a ^ (end - start);
    let b = this.#b ^ (end - start);
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word =
        (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
      a = Math.imul((a ^ word) + b, 0xcc9e2d51);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b + a, 0x1b873593);
      b = (b << 13) | (b >>> 19);
    }
    for (; at < end; at += 1) {
      a = Math.imul((a ^ (bytes[at] ?? 0)) + b, 0xcc9e2d51);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b + a, 0x1b873593);
      b = (b << 13) | (b >>> 19);
    }
    // An empty piece counts too.
    this.#a = Math.imul(a ^ 0x165667b1, 0x85ebca6b);
    this.#b = Math.imul(b ^ (a >>> 15), 0xc2b2ae35);
  }

  /** Computes `low` and `high`. */
  finish(): void {
    let a = this.#a;
    let b = this.#b;
    a = Math.imul(a ^ (a >>> 16) ^ b, 0x85ebca6b);
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    a ^= a >>> 16;
    b = Math.imul(b ^ (b >>> 16) ^ a, 0x7feb352d);
    b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
    b ^= b >>> 16;
    this.low = b >>> 0;
    this.high = a >>> 0;
  }
}
