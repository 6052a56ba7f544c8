import type { CopyFormat } from "../session/copyFormat.ts";

/** Reads a row that lies from `start` to `end`: a line without its newline, or a whole tuple. The bytes are used again afterwards. */
export type ReadRow = (bytes: Buffer, start: number, end: number) => void;

const NEWLINE = 0x0a;
const TAB = 0x09;
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;

/** Bytes at a row's end, as the server sends it, that are no part of it. */
export function endBytes(format: CopyFormat): number {
  return format === "text" ? 1 : 0;
}

/** Gives each row between `start` and `end` to a reader. Returns false, without the rest, where a row is not whole. */
export function eachRow(bytes: Buffer, start: number, end: number, format: CopyFormat, read: ReadRow): boolean {
  for (let at = start; at < end;) {
    const rowEnd = format === "text" ? endOfLine(bytes, at, end) : endOfTuple(bytes, at, end);
    if (rowEnd === -1) return false;
    read(bytes, at, rowEnd - endBytes(format));
    at = rowEnd;
  }
  return true;
}

/** Where the field at a position (from 0) of a row lies; of a tuple without the field's length. A NULL of a tuple is empty. */
export function fieldOf(
  bytes: Buffer,
  start: number,
  end: number,
  format: CopyFormat,
  position: number,
): readonly [from: number, to: number] {
  if (format === "text") {
    // A tab inside of a value is escaped, so that the split is exact.
    let from = start;
    for (let field = 0; field < position; field += 1) from = bytes.indexOf(TAB, from) + 1;
    const tab = bytes.indexOf(TAB, from);
    return [from, tab === -1 || tab > end ? end : tab];
  }
  let at = start + COUNT_BYTES;
  for (let field = 0; field < position; field += 1) at += LENGTH_BYTES + Math.max(0, bytes.readInt32BE(at));
  return [at + LENGTH_BYTES, at + LENGTH_BYTES + Math.max(0, bytes.readInt32BE(at))];
}

function endOfLine(bytes: Buffer, at: number, end: number): number {
  const newline = bytes.indexOf(NEWLINE, at);
  return newline === -1 || newline >= end ? -1 : newline + 1;
}

function endOfTuple(bytes: Buffer, start: number, end: number): number {
  if (start + COUNT_BYTES > end) return -1;
  let at = start + COUNT_BYTES;
  for (let left = bytes.readInt16BE(start); left > 0; left -= 1) {
    if (at + LENGTH_BYTES > end) return -1;
    at += LENGTH_BYTES + Math.max(0, bytes.readInt32BE(at));
  }
  return at > end || bytes.readInt16BE(start) <= 0 ? -1 : at;
}
