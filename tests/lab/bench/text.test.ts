import { zstdCompressSync } from "node:zlib";

import { expect, test } from "@jest/globals";

import { nameOf, type RowShape, SHAPES, tablesOf } from "../../../lab/bench/dataSet.ts";
import { copyText } from "../../../lab/bench/text.ts";

const textOf = (shape: RowShape, table: number, bytes: number) => Buffer.concat([...copyText(shape, table, bytes)]);

test.each(["one", "many", "wide"] as const)(
  "%s: as much text as asked for, the same each time, in whole lines",
  (shape) => {
    const text = textOf(shape, 0, 300_000);
    expect(text.length).toBeGreaterThanOrEqual(300_000);
    expect(text.length).toBeLessThan(340_000);
    expect(text.equals(textOf(shape, 0, 300_000))).toBe(true);
    expect(text.equals(textOf(shape, 1, 300_000))).toBe(false);
    const lines = text.toString().trimEnd().split("\n");
    expect(new Set(lines).size).toBe(lines.length);
    expect(new Set(lines.map((line) => line.split("\t").length)).size).toBe(1);
  },
);

test("compresses about as well as text, unlike noise or repetition", () => {
  const text = textOf("one", 0, 2_000_000);
  const ratio = text.length / zstdCompressSync(text).length;
  expect(ratio).toBeGreaterThan(2);
  expect(ratio).toBeLessThan(4);
});

test("spreads the many tables' megabytes over forty, and names each shape differently", () => {
  expect(tablesOf("many")).toBe(40);
  expect(new Set(SHAPES.map((shape) => nameOf({ shape, megabytes: 100 }))).size).toBe(SHAPES.length);
});
