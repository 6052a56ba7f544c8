import { describe, expect, it } from "@jest/globals";

import { earlierLosses, historyOf } from "../../../recovery/assess/assessHistory.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";

const T = { schema: "public", name: "posts" };

/** One backup for each content of the table; undefined for a backup without the table. */
function chain(contents: (object | undefined)[]): Manifest[] {
  return contents.map((content, index) => {
    const snapshotAt = `2026-01-0${index + 1}T00:00:00.000Z`;
    const tables = content === undefined ? [] : [{ ...T, ...content }];
    return { backupId: `B${index}`, kind: "full", snapshotAt, tables } as unknown as Manifest;
  });
}
/** The same with one letter a backup; "-" for one without the table. Rows are the letter's place in the alphabet. */
const chainOf = (contents: string) =>
  chain(Array.from(contents, (letter) => (letter === "-" ? undefined : contentOf(letter))));
const contentOf = (letter: string) => ({ rows: letter.charCodeAt(0) - 96, fingerprint: letter.repeat(16) });
const ids = (contents: string, reference: number, now: string | undefined) => {
  const backups = chainOf(contents);
  const found = historyOf(T, backups, backups[reference]!, now === undefined ? undefined : contentOf(now));
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
  const content = (columns: string[], format = "text") => ({
    rows: 5,
    columns,
    format,
    fingerprint: `${columns.join("")}${format}`,
  });
  const now = { rows: 4, fingerprint: "now" };

  it("is no change when a newer program writes another format", () => {
    const backups = chain([content(["a"]), content(["a"], "binary"), content(["a"], "binary")]);
    expect(historyOf(T, backups, backups[2]!, now)).toMatchObject({ lastChangeBefore: undefined, isComplete: false });
  });

  it("is incomplete when it is unknown whether a backup holds the state", () => {
    const backups = chain([content(["a"]), content(["a", "b"])]);
    expect(historyOf(T, backups, backups[0]!, now)).toMatchObject({ asNowSince: undefined, isComplete: false });
    expect(historyOf(T, backups.slice(0, 1), backups[0]!, now)).toMatchObject({ isComplete: true });
    // A table that is narrower now has no fingerprint in the backup's columns.
    const narrower = { rows: 5, fingerprint: undefined };
    expect(historyOf(T, backups.slice(0, 1), backups[0]!, narrower)).toMatchObject({ isComplete: false });
  });
});

describe("earlierLosses", () => {
  it("names what lost rows between two backups up to the reference, the newest first", () => {
    const backups = chainOf("acb-da");
    const [, b1, b2, b3] = backups.map(({ backupId, snapshotAt }) => ({ backupId, at: snapshotAt }));
    expect(earlierLosses(backups, backups[4]!)).toEqual([
      { table: "public.posts", after: b2, by: b3, rowsBefore: 2, rowsAfter: undefined },
      { table: "public.posts", after: b1, by: b2, rowsBefore: 3, rowsAfter: 2 },
    ]);
  });

  it("ignores tables that a backup of another kind does not hold", () => {
    const backups = chainOf("a-a");
    backups[1]!.kind = "critical";
    expect(earlierLosses(backups, backups[2]!)).toEqual([]);
    expect(earlierLosses(backups, backups[1]!)).toEqual([]);
  });
});
