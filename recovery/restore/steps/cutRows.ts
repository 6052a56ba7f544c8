import { eachRow } from "../../postgres/rows/rows.ts";
import { RowSum } from "../../postgres/rows/rowSum.ts";

const TAB = 0x09;
const NEWLINE = 0x0a;
const NULL = Buffer.from("\\N");

/** Rows with fewer columns. */
export interface CutRows {
  rows: Buffer;
  /** Of the cut rows. */
  sum: RowSum;
  /** Positions of the columns that have a value in at least one row. */
  filled: ReadonlySet<number>;
}

/** Takes columns out of rows of COPY text. A tab in a value is escaped, so that the split is exact. */
export function cutRows(rows: Buffer, kept: readonly number[]): CutRows {
  const wanted = new Set(kept);
  const cut = Buffer.allocUnsafe(rows.length);
  const sum = new RowSum();
  const filled = new Set<number>();
  let used = 0;
  eachRow(rows, 0, rows.length, "text", (bytes, start, end) => {
    const begun = used;
    let from = start;
    for (let at = 0; from <= end; at += 1) {
      const tab = bytes.indexOf(TAB, from);
      const to = tab === -1 || tab > end ? end : tab;
      if (!filled.has(at) && bytes.compare(NULL, 0, NULL.length, from, to) !== 0) filled.add(at);
      if (wanted.has(at)) {
        if (used > begun) cut[used++] = TAB;
        used += bytes.copy(cut, used, from, to);
      }
      from = to + 1;
    }
    sum.add(cut, begun, used);
    cut[used++] = NEWLINE;
  });
  return { rows: cut.subarray(0, used), sum, filled };
}
