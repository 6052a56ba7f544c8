import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { NoKey, RowTable } from "../../../recovery/assess/rowTable.ts";

const lines = (rows: readonly string[]) => rows.map((row) => Buffer.from(row));

function compare(first: readonly string[], second: readonly string[], key?: readonly number[], of = 1) {
  const parts = Array.from({ length: of }, (_, index) => {
    const table = new RowTable(first.length, "text", key, { index, of });
    for (const line of lines(first)) table.addFirst(line, 0, line.length);
    for (const line of lines(second)) table.addSecond(line, 0, line.length);
    return table.result();
  });
  return parts.reduce((sum, part) => ({
    lost: sum.lost + part.lost,
    altered: sum.altered === undefined ? undefined : sum.altered + (part.altered ?? 0),
    added: sum.added + part.added,
  }));
}

describe("RowTable", () => {
  it("finds altered, missing and new rows by their key, at any position of its columns", () => {
    const then = ["a\t1\tx", "b\t1\tx", "a\t2\tx", "c\t3\tx"];
    const now = ["c\t3\tx", "a\t1\tother", "b\t2\tnew", "a\t2\tx"];
    expect(compare(then, now, [1, 0])).toEqual({ lost: 2, altered: 1, added: 1 });
    // Fields don't run into each other.
    expect(compare(["1\t23"], ["12\t3"], [0, 1])).toEqual({ lost: 1, altered: 0, added: 1 });
    expect(compare(["\ta\tx"], ["a\t\tx"], [0, 1])).toEqual({ lost: 1, altered: 0, added: 1 });
  });

  it("counts equal lines against each other without a key", () => {
    expect(compare(["x", "x", "x", "y"], ["x", "z", "z"])).toEqual({ lost: 3, altered: undefined, added: 2 });
    expect(compare(["", ""], ["", "", ""])).toEqual({ lost: 0, altered: undefined, added: 1 });
  });

  it("distinguishes many keys", () => {
    const rows = 60_000;
    const table = new RowTable(rows, "text", [1]);
    const fill = (add: (bytes: Buffer, start: number, end: number) => void, value: (id: number) => string) => {
      for (let id = 0; id < rows; id += 1) {
        const line = Buffer.from(`${value(id)}\t${id}`);
        add(line, 0, line.length);
      }
    };
    fill(table.addFirst.bind(table), () => "same");
    fill(table.addSecond.bind(table), (id) => (id % 1000 === 7 ? "other" : "same"));
    expect(table.result()).toEqual({ lost: 60, altered: 60, added: 0 });
  }, 30_000);

  it("refuses a key that occurs twice on either side", () => {
    expect(() => compare(["1\ta", "1\tb"], [], [0])).toThrow(NoKey);
    expect(() => compare(["1\ta"], ["1\ta", "1\tb"], [0])).toThrow(NoKey);
  });

  it("finds what a plain comparison finds, in one pass and in several", () => {
    const side = fc.uniqueArray(fc.record({ id: fc.nat(60), value: fc.nat(3) }), {
      selector: (row) => row.id,
      maxLength: 60,
    });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 4 }), (a, b, of) => {
        const text = (rows: typeof a) => rows.map(({ id, value }) => `${value}\t${id}`);
        const now = new Map(b.map(({ id, value }) => [id, value]));
        const altered = a.filter(({ id, value }) => now.has(id) && now.get(id) !== value).length;
        const missing = a.filter(({ id }) => !now.has(id)).length;
        const known = new Set(a.map(({ id }) => id));
        const added = b.filter(({ id }) => !known.has(id)).length;
        expect(compare(text(a), text(b), [1], of)).toEqual({ lost: altered + missing, altered, added });
      }),
    );
  });

  it("finds the same for rows without a key", () => {
    const side = fc.array(fc.constantFrom("a", "b", "c", "d\te"), { maxLength: 40 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 3 }), (a, b, of) => {
        const count = (rows: string[], value: string) => rows.filter((row) => row === value).length;
        const values = [...new Set([...a, ...b])];
        const sum = (from: string[], to: string[]) =>
          values.reduce((total, value) => total + Math.max(0, count(from, value) - count(to, value)), 0);
        expect(compare(a, b, undefined, of)).toEqual({ lost: sum(a, b), altered: undefined, added: sum(b, a) });
      }),
    );
  });
});
