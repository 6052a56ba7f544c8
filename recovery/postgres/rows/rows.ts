import type { CopyFormat } from "../session/copyFormat.ts";

/** Receives a row from `start` to `end`: a line without its newline, or a whole tuple. The buffer is reused afterwards. */
export type ReadRow = (bytes: Buffer, start: number, end: number) => void;

const NEWLINE = 0x0a;
const TAB = 0x09;
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;

/** Bytes at the end of a row as the server sends it that do not belong to it. */
export function endBytes(format: CopyFormat): number {
  return format === "text" ? 1 : 0;
}

/** Passes each row between `start` and `end` to a reader. Stops and returns false at an incomplete row. */
export function eachRow(bytes: Buffer, start: number, end: number, format: CopyFormat, read: ReadRow): boolean {
  for (let at = start; at < end;) {
    const rowEnd = format === "text" ? endOfLine(bytes, at, end) : endOfTuple(bytes, at, end);
    if (rowEnd === -1) return false;
    read(bytes, at, rowEnd - endBytes(format));
    at = rowEnd;
  }
  return true;
}

/** Start and end of the field at a position (from 0) in a row, without a tuple's length field. A NULL in a tuple is empty. */
export function fieldOf(
  bytes: Buffer,
  start: number,
  end: number,
  format: CopyFormat,
  position: number,
): readonly [from: number, to: number] {
  if (format === "text") {
    // A tab in a value is escaped, so the split is exact.
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
