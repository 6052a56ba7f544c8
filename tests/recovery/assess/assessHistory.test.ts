import { describe, expect, it } from "@jest/globals";

import { earlierLosses, historyOf } from "../../../recovery/assess/assessHistory.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";

const T = { schema: "public", name: "posts" };

/** One backup a letter: the table's content; "-" for a backup without the table. Rows are the letter's place in the alphabet. */
function chainOf(contents: string): Manifest[] {
  return Array.from(
    contents,
    (content, index) =>
      ({
        backupId: `B${index}`,
        kind: "full",
        snapshotAt: `2026-01-0${index + 1}T00:00:00.000Z`,
        tables: content === "-" ? [] : [{ ...T, ...contentOf(content) }],
      }) as unknown as Manifest,
  );
}
const contentOf = (letter: string) => ({ rows: letter.charCodeAt(0) - 96, fingerprint: letter.repeat(16) });
const ids = (contents: string, reference: number, now: string | undefined) => {
  const chain = chainOf(contents);
  const found = historyOf(T, chain, chain[reference]!, now === undefined ? undefined : contentOf(now));
  return [
    found.sameAsReferenceUntil.backupId,
    found.asNowSince?.backupId,
    found.lastChangeBefore && [found.lastChangeBefore.after.backupId, found.lastChangeBefore.by.backupId],
  ];
};

describe("historyOf", () => {
  it.each([
    ["a change after the newest backup", "aabb", 3, "c", ["B3", undefined, ["B1", "B2"]]],
    ["a table that never changed before", "aaaa", 3, "c", ["B3", undefined, undefined]],
    ["a table that is gone since the newest backup", "aab", 2, undefined, ["B2", undefined, ["B1", "B2"]]],
    [
      "an older reference: damaged between two backups, as now ever since",
      "aabccc",
      2,
      "c",
      ["B2", "B3", ["B1", "B2"]],
    ],
    ["an older reference that held for a while", "abbbcd", 1, "d", ["B3", "B5", ["B0", "B1"]]],
    ["a table that is gone from the newer backups too", "aa--", 1, undefined, ["B1", "B2", undefined]],
    ["a state that a backup had once, but not since", "abcab", 1, "c", ["B1", undefined, ["B0", "B1"]]],
    ["a table that came with the reference", "--b", 2, "c", ["B2", undefined, ["B1", "B2"]]],
  ] as const)("%s", (_name, contents, reference, now, expected) => {
    expect(ids(contents, reference, now)).toEqual(expected);
  });
});

describe("historyOf when columns or formats differ between backups", () => {
  /** The same content in other columns or another format has another fingerprint. */
  const chain = (columns: string[][], formats: string[] = []) =>
    columns.map(
      (own, index) =>
        ({
          backupId: `B${index}`,
          snapshotAt: `2026-01-0${index + 1}T00:00:00.000Z`,
          tables: [
            {
              ...T,
              rows: 5,
              columns: own,
              format: formats[index] ?? "text",
              fingerprint: `${own.join("")}${formats[index] ?? "text"}`,
            },
          ],
        }) as unknown as Manifest,
    );
  const now = { rows: 4, fingerprint: "now" };

  it("is no change when a newer program writes another format", () => {
    const backups = chain([["a"], ["a"], ["a"]], ["text", "binary", "binary"]);
    expect(historyOf(T, backups, backups[2]!, now)).toMatchObject({ lastChangeBefore: undefined, isComplete: false });
  });

  it("is incomplete when it is unknown whether a backup holds the state", () => {
    const backups = chain([["a"], ["a", "b"]]);
    expect(historyOf(T, backups, backups[0]!, now)).toMatchObject({ asNowSince: undefined, isComplete: false });
    expect(historyOf(T, backups.slice(0, 1), backups[0]!, now)).toMatchObject({ isComplete: true });
    // A table that is narrower now has no fingerprint in the backup's columns.
    expect(historyOf(T, backups.slice(0, 1), backups[0]!, { rows: 5, fingerprint: undefined })).toMatchObject({
      isComplete: false,
    });
  });
});

describe("earlierLosses", () => {
  it("names what lost rows between two backups up to the reference, the newest first", () => {
    const chain = chainOf("acb-da");
    expect(earlierLosses(chain, chain[4]!)).toEqual([
      {
        table: "public.posts",
        after: { backupId: "B2", at: chain[2]!.snapshotAt },
        by: { backupId: "B3", at: chain[3]!.snapshotAt },
        rowsBefore: 2,
        rowsAfter: undefined,
      },
      {
        table: "public.posts",
        after: { backupId: "B1", at: chain[1]!.snapshotAt },
        by: { backupId: "B2", at: chain[2]!.snapshotAt },
        rowsBefore: 3,
        rowsAfter: 2,
      },
    ]);
  });

  it("ignores tables that a backup of another kind does not hold", () => {
    const chain = chainOf("a-a");
    chain[1]!.kind = "critical";
    expect(earlierLosses(chain, chain[2]!)).toEqual([]);
    expect(earlierLosses(chain, chain[1]!)).toEqual([]);
  });
});
