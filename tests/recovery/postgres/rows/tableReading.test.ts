import { describe, expect, it } from "@jest/globals";

import {
  copyInSql,
  copyOutSql,
  type PlannedTable,
  planReads,
} from "../../../../recovery/postgres/rows/tableReading.ts";

const MB = 1024 * 1024;
const table = (name: string, sizeBytes: number, more: Partial<PlannedTable> = {}): PlannedTable => ({
  schema: "public",
  name,
  kind: "app",
  columns: ["id", "a b"],
  timeColumns: [],
  format: "text",
  sizeBytes,
  blocks: Math.ceil(sizeBytes / 8192),
  isHeap: true,
  ...more,
});

describe("planReads", () => {
  it("packs small tables of one kind, and reads a large one in ranges without a gap, the last one open", () => {
    const small = Array.from({ length: 40 }, (_, index) => table(`t${index}`, MB));
    const items = planReads([...small, table("users", MB, { kind: "managed" }), table("big", 300 * MB)], 17);
    const ranges = items
      .slice(0, 10)
      .map((item) => item.map((read) => [read.table.name, read.range?.from, read.range?.to]));
    expect(ranges).toEqual(
      Array.from({ length: 10 }, (_, at) => [["big", at * 3840, at === 9 ? undefined : (at + 1) * 3840]]),
    );
    const packs = items.slice(10).map((item) => item.length);
    expect(packs.sort()).toEqual([1, 8, 8, 8, 8, 8]);
    for (const item of items) expect(new Set(item.map((read) => read.table.kind)).size).toBe(1);
  });

  it("counts TOAST, and never makes more ranges than there are blocks", () => {
    expect(planReads([table("vectors", 200 * MB, { blocks: 192 })], 17)).toHaveLength(7);
    expect(planReads([table("one", 500 * MB, { blocks: 1 })], 17)).toHaveLength(1);
  });

  it("reads in one stream what has no blocks to read by", () => {
    expect(planReads([table("other", 500 * MB, { isHeap: false })], 17)).toHaveLength(1);
    expect(planReads([table("old", 500 * MB)], 13)).toHaveLength(1);
  });
});

describe("copyOutSql", () => {
  it("names the columns, quotes, and leaves out the rows of children", () => {
    const one = table('T "x"', MB);
    expect(copyOutSql({ table: one })).toBe('copy "public"."T ""x""" ("id", "a b") to stdout');
    expect(copyOutSql({ table: one, range: { from: 5, to: 9 } })).toBe(
      `copy (select "id", "a b" from only "public"."T ""x""" where ctid >= '(5,0)' and ctid < '(9,0)') to stdout`,
    );
    expect(copyOutSql({ table: one, range: { from: 9, to: undefined } })).toMatch(
      /where ctid >= '\(9,0\)'\) to stdout$/,
    );
    expect(copyOutSql({ table: { ...one, columns: [] } })).toBe('copy (select from only "public"."T ""x""") to stdout');
  });

  it("asks for tuples where the table has them, in both directions", () => {
    const one = table("t", MB, { format: "binary" });
    expect(copyOutSql({ table: one })).toBe('copy "public"."t" ("id", "a b") to stdout (format binary)');
    expect(copyOutSql({ table: one, range: { from: 0, to: 5 } })).toMatch(/\(5,0\)'\) to stdout \(format binary\)$/);
    expect(copyInSql(one)).toBe('copy "public"."t" ("id", "a b") from stdin (format binary)');
  });
});
