import { describe, expect, it } from "@jest/globals";

import { RowSum } from "../../../../recovery/postgres/rows/rowSum.ts";

const sumOf = (...lines: string[]): string => {
  const sum = new RowSum();
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  expect(sum.addAll(text, 0, text.length, "text")).toBe(true);
  expect(sum.rows).toBe(lines.length);
  return sum.toString();
};

describe("RowSum", () => {
  it("stays as it is: stored backups are compared with it", () => {
    expect(sumOf()).toBe("0000000000000000");
    expect([sumOf(""), sumOf("1\tab"), sumOf("12345678\tあ")]).toMatchInlineSnapshot(`
     [
       "5dc0c39acaf4d0a4",
       "4724ca4d835e6cd7",
       "639fdbe2b27956d4",
     ]
    `);
  });

  it("depends on the lines and how often each comes, not on their order", () => {
    const lines = Array.from({ length: 500 }, (_, index) => `${index}\t${"x".repeat(index % 23)}`);
    expect(sumOf(...lines)).toBe(sumOf(...[...lines].reverse()));
    expect(sumOf("a", "a")).not.toBe(sumOf("a", "a", "a", "a"));
    expect(sumOf("a", "b")).not.toBe(sumOf("ab", ""));
    const total = new RowSum();
    total.addSum(250, sumOf(...lines.slice(0, 250)));
    total.addSum(250, sumOf(...lines.slice(250)));
    expect([total.rows, total.toString()]).toEqual([500, sumOf(...lines)]);
  });

  it("distinguishes lines that differ in one bit, at any position in a buffer", () => {
    const line = Buffer.from("0123456789abcdefghijk");
    const seen = new Set<string>();
    for (let bit = -1; bit < line.length * 8; bit += 1) {
      const changed = Buffer.from(line);
      if (bit >= 0) changed[bit >> 3]! ^= 1 << (bit & 7);
      const results = [0, 1, 3].map((offset) => {
        const sum = new RowSum();
        sum.add(Buffer.concat([Buffer.alloc(offset), changed, Buffer.alloc(9)]), offset, offset + line.length);
        return sum.toString();
      });
      expect(new Set(results).size).toBe(1);
      seen.add(results[0]!);
    }
    expect(seen.size).toBe(line.length * 8 + 1);
  });

  it("says when the last line is not whole", () => {
    const text = Buffer.from("a\nb");
    expect(new RowSum().addAll(text, 0, text.length, "text")).toBe(false);
  });
});
