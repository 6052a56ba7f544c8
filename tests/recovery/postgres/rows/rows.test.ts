import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { eachRow, fieldOf } from "../../../../recovery/postgres/rows/rows.ts";
import type { CopyFormat } from "../../../../recovery/postgres/session/copyFormat.ts";

/** Rows as a server sends them. */
function written(format: CopyFormat, rows: readonly (readonly (string | null)[])[]): Buffer {
  if (format === "text")
    return Buffer.from(rows.map((row) => `${row.map((one) => one ?? "\\N").join("\t")}\n`).join(""));
  return Buffer.concat(
    rows.flatMap((row) => {
      const count = Buffer.alloc(2);
      count.writeInt16BE(row.length);
      const fields = row.flatMap((one) => {
        const length = Buffer.alloc(4);
        length.writeInt32BE(one === null ? -1 : Buffer.byteLength(one));
        return [length, Buffer.from(one ?? "")];
      });
      return [count, ...fields];
    }),
  );
}

function read(bytes: Buffer, start: number, end: number, format: CopyFormat, columns: number): (string | null)[][] {
  const rows: (string | null)[][] = [];
  const isWhole = eachRow(bytes, start, end, format, (row, from, to) => {
    rows.push(
      Array.from({ length: columns }, (_, position) =>
        row.toString("utf8", ...fieldOf(row, from, to, format, position)),
      ),
    );
  });
  expect(isWhole).toBe(true);
  return rows;
}

// Neither tab, newline nor backslash: the server escapes them.
const value = fc.string({ unit: fc.constantFrom("a", "あ", "0", " ", "\0", "\xff"), maxLength: 12 });

describe.each(["text", "binary"] as const)("rows in %s", (format) => {
  it("are found wherever they lie in a buffer, with each of their fields", () => {
    const table = fc
      .integer({ min: 1, max: 5 })
      .chain((columns) => fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { maxLength: 8 }));
    fc.assert(
      fc.property(table, fc.nat(9), fc.nat(9), (rows, before, after) => {
        const bytes = written(format, rows);
        const around = Buffer.concat([Buffer.alloc(before, 0x41), bytes, Buffer.alloc(after, 0x41)]);
        expect(read(around, before, before + bytes.length, format, rows[0]?.length ?? 1)).toEqual(rows);
      }),
    );
  });

  it("are incomplete when the last one is cut anywhere", () => {
    const first = written(format, [["one", null]]);
    const both = written(format, [
      ["one", null],
      ["two", "zwei"],
    ]);
    for (let end = first.length + 1; end < both.length; end += 1) {
      let found = 0;
      expect(eachRow(both, 0, end, format, () => void (found += 1))).toBe(false);
      expect(found).toBe(1);
    }
  });
});

describe("tuples", () => {
  it("may hold NULL, and never an impossible number of fields or length", () => {
    const bytes = written("binary", [[null, "x"]]);
    expect(read(bytes, 0, bytes.length, "binary", 2)).toEqual([["", "x"]]);
    for (const [at, wrong] of [
      [0, 0xffff],
      [0, 0],
      [2, 0x7fff],
    ] as const) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt16BE(wrong, at);
      expect(eachRow(damaged, 0, damaged.length, "binary", () => undefined)).toBe(false);
    }
  });
});
