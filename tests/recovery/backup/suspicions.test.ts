import { describe, expect, it } from "@jest/globals";

import { type RunSize, suspicionsOf } from "../../../recovery/backup/suspicions.ts";
import { tableKey } from "../../../recovery/postgres/session/quote.ts";

const table = (name: string, rows: number, bytes = rows * 100) => ({
  schema: "public",
  name,
  kind: "app" as const,
  columns: ["id"],
  format: "text" as "text" | "binary",
  rows,
  bytes,
  fingerprint: "0000000000000000",
});
type Tables = ReturnType<typeof table>[];
const run = (backupId: string, kind: RunSize["kind"], ...tables: Tables): RunSize => ({ backupId, kind, tables });
const full = (...tables: Tables) => run("now", "full", ...tables);
const expected = (name: string, ...leaves: string[]) => ({
  name: `public.${name}`,
  keys: leaves.map((leaf) => tableKey({ schema: "public", name: leaf })),
});
const limits = { shrinkPercent: 20, expectedTables: [expected("posts", "posts")] };
const last = run("last", "full", table("posts", 1000), table("views", 9000));
/** With as many posts as in the last run. */
const now = (views: Tables[number]) => full(table("posts", 1000), views);
const fewer = (what: string) => [`it holds ${what} fewer than last (more than 20 % is suspicious)`];

describe("suspicionsOf", () => {
  it.each<[string, RunSize, RunSize | undefined, string[]]>([
    ["the same size", now(table("views", 9000)), last, []],
    ["growth", full(table("posts", 5000), table("views", 9000)), last, []],
    ["just as much fewer as is allowed", now(table("views", 7000)), last, []],
    ["no run before it", full(table("posts", 3)), undefined, []],
    ["more rows gone than that", now(table("views", 6999, 900_000)), last, fewer("7999 rows, 20 %")],
    ["as many rows with far less in them", now(table("views", 9000, 9000)), last, fewer("109000 bytes of rows, 89 %")],
    [
      "as many rows of another format, whose bytes can't be compared",
      now({ ...table("views", 9000, 9000), format: "binary" }),
      last,
      [],
    ],
    [
      "an expected table emptied, others as large",
      full(table("posts", 0), table("views", 10_000)),
      last,
      ["public.posts is empty, it had 1000 rows in last"],
    ],
    ["another kind before it", run("now", "data-only", table("posts", 1)), last, []],
    ["only critical tables", run("now", "critical", table("posts", 1)), last, []],
  ])("%s", (_case, size, before, clauses) => {
    expect(suspicionsOf(size, before, limits)).toEqual(clauses);
  });

  it("misses an expected table, and sums the partitions of another", () => {
    const before = run("last", "full", table("posts_2025", 0), table("posts_2026", 10));
    const posts = expected("posts", "posts_2025", "posts_2026");
    const check = (size: RunSize) =>
      suspicionsOf(size, before, { shrinkPercent: 100, expectedTables: [posts, expected("applications")] });
    const gone = "the expected table public.applications is not there";
    expect(check(full(table("posts_2025", 10), table("posts_2026", 0)))).toEqual([gone]);
    const empty = "public.posts is empty, it had 10 rows in last";
    expect(check(full(table("posts_2025", 0), table("posts_2026", 0)))).toEqual([gone, empty]);
  });
});
