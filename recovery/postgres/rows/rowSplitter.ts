import type { CopyFormat } from "../session/copyFormat.ts";
import type { CopySink } from "../session/copyOut.ts";
import { endBytes, type ReadRow } from "./rows.ts";

const ROW_BYTES = 64 * 1024;

/** Passes each row of a COPY to a reader. */
export class RowSplitter implements CopySink {
  readonly #read: ReadRow;
  readonly #endBytes: number;
  #row: Buffer = Buffer.allocUnsafeSlow(ROW_BYTES);
  #used = 0;

  constructor(format: CopyFormat, read: ReadRow) {
    this.#endBytes = endBytes(format);
    this.#read = read;
  }

  write(bytes: Buffer, start: number, end: number): void {
    const needed = this.#used + end - start;
    if (needed > this.#row.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      this.#row.copy(larger, 0, 0, this.#used);
      this.#row = larger;
    }
    bytes.copy(this.#row, this.#used, start, end);
    this.#used = needed;
  }

  endOfRow(): void {
    this.#read(this.#row, 0, this.#used - this.#endBytes);
    this.#used = 0;
  }

  full(): undefined {
    return undefined;
  }
}
