import { describe, expect, it } from "@jest/globals";

import type { TableFacts } from "../../../recovery/postgres/catalog/catalog.ts";
import { RowSum } from "../../../recovery/postgres/rows/rowSum.ts";
import { tableKey } from "../../../recovery/postgres/session/quote.ts";
import { describeTables } from "../../../recovery/vault/tableContents.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { expectRefusal } from "../../support/refusal.ts";

const table: TableFacts = {
  schema: "public",
  name: "posts",
  kind: "app",
  condition: "",
  format: "text",
  columns: ["id"],
  allColumns: ["id"],
  timeColumns: [],
  readable: true,
  filtered: false,
};
const sumOf = (...lines: string[]): RowSum => {
  const sum = new RowSum();
  for (const line of lines) sum.add(Buffer.from(line), 0, line.length);
  return sum;
};
const chunkOf = (...lines: string[]) => ({
  key: "daily/x/data/000001.copy.zst",
  kind: "app" as const,
  sizeBytes: 1,
  sha256: "0".repeat(64),
  sections: [
    { schema: "public", name: "posts", rows: lines.length, bytes: 10, fingerprint: sumOf(...lines).toString() },
  ],
});
const counted = (rows: number) => new Map([[tableKey(table), { rows, newestAt: undefined }]]);

describe("describeTables", () => {
  it("adds up what the chunks hold of a table", () => {
    const [described] = describeTables([table], [chunkOf("1", "2"), chunkOf("3")], counted(3));
    expect(described).toMatchObject({ rows: 3, bytes: 20, fingerprint: sumOf("3", "1", "2").toString() });
  });

  it.each<[string, ReturnType<typeof chunkOf>[], ReturnType<typeof counted>, string, string]>([
    ["fewer rows than the server counts", [chunkOf("1", "2")], counted(3), "2 rows", "3"],
    ["more rows", [chunkOf("1", "2"), chunkOf("2")], counted(2), "3 rows", "2"],
    ["none", [], counted(1), "0 rows", "1"],
    ["rows of a table that was not counted", [chunkOf("1")], new Map(), "1 rows", "none"],
  ])("refuses a run that has copied %s", async (_case, chunks, counts, copied, there) => {
    const message = `Of public.posts ${copied} were copied, but the server counts ${there}. This run is not a backup.`;
    await expectRefusal(() => describeTables([table], chunks, counts), PromiseError, message);
  });
});
