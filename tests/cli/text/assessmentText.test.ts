import { describe, expect, it } from "@jest/globals";

import { assessmentLines, summaryOf } from "../../../cli/text/assessmentText.ts";
import type { Assessment } from "../../../recovery/assess/assess.ts";
import type { AssessedTable } from "../../../recovery/assess/assessTables.ts";

const then = { backupId: "B1", at: "2026-01-01T00:00:00.000Z" };
const table = (more: Partial<AssessedTable>): AssessedTable => ({
  schema: "public",
  name: "posts",
  state: "same",
  rowsInBackup: 10,
  rowsNow: 10,
  lost: 0,
  altered: 0,
  added: 0,
  note: undefined,
  history: undefined,
  traced: undefined,
  ...more,
});
const SAME = { missing: [], altered: [], added: [], notCompared: undefined };
const assessment = (more: Partial<Assessment> = {}): Assessment => ({
  backupId: "B1",
  snapshotAt: then.at,
  assessedAt: "2026-01-02T00:00:00.000Z",
  isDamaged: false,
  durationMs: 5,
  tables: [table({})],
  definitions: SAME,
  sequences: [],
  missingExtensions: [],
  largeObjects: [],
  parts: [],
  backupsLookedAt: 3,
  earlierLosses: [],
  passedOver: [],
  ...more,
});

describe("an assessment as text", () => {
  it("reports in two lines that nothing is missing", () =>
    expect(assessmentLines(assessment())).toEqual([
      `Compared with backup B1 of ${then.at}: 1 table is the same, 0 differ.`,
      "Nothing of the backup is missing or altered.",
    ]));

  it("names what the backup lacks, which backup has it, and what the last restore brought back", () => {
    const older = { backupId: "B0", snapshotAt: then.at };
    const part = { state: "whole" as const, from: [], missing: 0, failed: 0, names: [] };
    const found = assessment({
      isDamaged: true,
      parts: [
        { part: "storage", state: "lacking", lacking: ["a/b", "a/c"], wholeIn: older },
        { part: "functions", state: "lacking", lacking: ["*"] },
        { part: "configuration", state: "unknown", lacking: [] },
      ],
      restored: {
        restoreId: "r",
        backupId: "B1",
        hasLosses: true,
        parts: {
          storage: { ...part, state: "partly", from: [{ ...older, count: 5 }], missing: 2, names: ["a/b", "a/c"] },
          functions: part,
          authSettings: part,
          configuration: part,
        },
      },
    });
    expect(assessmentLines(found).slice(1)).toEqual([
      `The backup lacks 2 storage objects: B0 (${then.at}) has all of them.`,
      "The backup lacks the edge functions: no older proven backup has all of them.",
      `Restored with the database of B1: 5 storage objects from B0 (${then.at}).`,
      `5 storage objects come from the older backup B0 (${then.at}), because B1 lacks them, each in the version that its restored row names.`,
      expect.stringMatching(/^2 storage objects are missing altogether, .*: a\/b; a\/c\.$/),
    ]);
    expect(summaryOf(found)).toBe(
      "Something of backup B1 is missing or altered (storage objects that the last restore did not bring back: 2).",
    );
  });

  it("shows each difference with its numbers, and since when only for damage", () => {
    const found = assessment({
      isDamaged: true,
      tables: [
        table({
          state: "changed",
          rowsNow: 12,
          lost: 4,
          altered: 3,
          added: 3,
          history: { sameAsReferenceUntil: then, asNowSince: undefined, lastChangeBefore: undefined, isComplete: true },
          traced: [{ ...then, backupId: "B2", lost: 0 }],
        }),
        table({ name: "teams", state: "changed", rowsNow: 11, added: 1, history: undefined }),
        table({ name: "gone", state: "missing", rowsNow: undefined, lost: 10 }),
        table({
          name: "odd",
          state: "changed",
          lost: undefined,
          altered: undefined,
          added: undefined,
          note: "it lacks the column x",
        }),
      ],
      definitions: { ...SAME, missing: ["relation public.gone"], added: ["function public.f()"] },
      sequences: [{ name: "public.ids", inBackup: "9", now: null }],
      earlierLosses: [
        { table: "public.old", after: then, by: { ...then, backupId: "B2" }, rowsBefore: 5, rowsAfter: undefined },
      ],
    });
    const text = assessmentLines(found).join("\n");
    expect(text).toMatch(/public\.posts +│? *changed.*10.*12.*4.*3.*3.*2026-01-01T00:00:00\.000Z.*in no backup/);
    expect(text).toMatch(/public\.teams.*changed.*10.*11.*0.*0.*1.*–.*–/);
    expect(text).toMatch(/public\.odd.*it lacks the column x.*–/);
    expect(text).toContain("public.posts: rows that were already lost: 0 in B2.");
    expect(text).toContain("1 sequences behind the backup: public.ids (9 then, restarted now).");
    expect(text).toContain("public.old: 5 rows in B1, gone in B2");
    expect(text).not.toContain("Nothing of the backup");
    expect(summaryOf(found)).toBe(
      "Something of backup B1 is missing or altered (missing tables: 1; missing or altered rows in 1 table: 4; " +
        "tables whose difference was not counted: 1; missing definitions: 1; sequences missing or behind: 1).",
    );
  });

  it("names at most a dozen of a kind, and counts the rest", () => {
    const missing = Array.from({ length: 20 }, (_, index) => `column public.posts.c${index}`);
    const [, line] = assessmentLines(assessment({ isDamaged: true, definitions: { ...SAME, missing } }));
    expect(line).toMatch(/^20 definitions missing: .*c11; and 8 more\.$/);
  });
});
