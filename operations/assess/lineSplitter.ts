import type { CopySink } from "../../clients/copyOut.ts";

const LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Reads a line that lies from `start` to `end`, without its newline. The bytes are used again afterwards. */
export type ReadLine = (bytes: Buffer, start: number, end: number) => void;

/** Gives each line of a COPY to a reader. */
export class LineSplitter implements CopySink {
  readonly #read: ReadLine;
  #line: Buffer = Buffer.allocUnsafeSlow(LINE_BYTES);
  #used = 0;

  constructor(read: ReadLine) {
    this.#read = read;
  }

  write(bytes: Buffer, start: number, end: number): void {
    const needed = this.#used + end - start;
    if (needed > this.#line.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      this.#line.copy(larger, 0, 0, this.#used);
      this.#line = larger;
    }
    bytes.copy(this.#line, this.#used, start, end);
    this.#used = needed;
  }

  endOfLine(): void {
    this.#read(this.#line, 0, this.#used - 1);
    this.#used = 0;
  }

  full(): undefined {
    return undefined;
  }
}

/** The same for a text that is there as a whole; every line ends with a newline. */
export function eachLine(text: Buffer, read: ReadLine): void {
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf(NEWLINE, at);
    read(text, at, newline);
    at = newline + 1;
  }
}
