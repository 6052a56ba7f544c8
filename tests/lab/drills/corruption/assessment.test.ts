import { describe, expect, it } from "@jest/globals";

import {
  type AssessmentAnswer,
  assessmentSchema,
  judgeAssessment,
} from "../../../../lab/drills/corruption/assessment.ts";
import type { Damage } from "../../../../lab/drills/corruption/damage.ts";

const BACKUP = "20260101T000000Z-aaaaaa";
const DAMAGE: Damage = {
  altered: { "public.posts": 9, "auth.users": 1 },
  dropped: { table: "public.history", rows: 4 },
};
const history = { sameAsReferenceUntil: { backupId: BACKUP, at: "2026-01-01T00:00:00.000Z" } };
/** The history of damage that the backup holds. */
const held = { ...history, asNowSince: history.sameAsReferenceUntil };

/** An assessment that found exactly that damage, and later rows. */
const exact = (): AssessmentAnswer =>
  assessmentSchema.parse({
    backupId: BACKUP,
    isDamaged: true,
    tables: [
      { schema: "public", name: "posts", state: "changed", lost: 9, altered: 9, added: 20, history },
      { schema: "auth", name: "users", state: "changed", lost: 1, altered: 1, added: 5, history },
      { schema: "public", name: "applications", state: "changed", lost: 0, altered: 0, added: 20, history },
      { schema: "public", name: "history", state: "missing", lost: 4, altered: 0, added: 0, history },
      { schema: "public", name: "teams", state: "same", lost: 0, altered: 0, added: 0 },
    ],
    definitions: { missing: ["relation public.history", "column public.history.id"], altered: [], added: [] },
  });
const failed = (change: (found: AssessmentAnswer) => void): number[] => {
  const found = exact();
  change(found);
  return judgeAssessment(found, DAMAGE, BACKUP).flatMap((check, index) => (check.ok ? [] : [index]));
};

describe("judgeAssessment", () => {
  it("accepts an assessment of exactly the damage", () => {
    expect(failed(() => undefined)).toEqual([]);
  });

  it.each<[string, (found: AssessmentAnswer) => void, number[]]>([
    ["a row too few", ({ tables }) => void (tables[0]!.lost = 8), [0]],
    ["a row that is missing instead of altered", ({ tables }) => void (tables[0]!.altered = 8), [0]],
    ["rows that were not counted", ({ tables }) => void (tables[1]!.lost = undefined), [0]],
    ["an overlooked table", ({ tables }) => void (tables[1]!.state = "same"), [0]],
    ["a table that was not damaged", ({ tables }) => void (tables[2]!.lost = 1), [0]],
    ["an assessment without damage", (found) => void (found.isDamaged = false), [0]],
    ["the dropped table overlooked", ({ tables }) => void (tables[3]!.state = "same"), [1]],
    ["another table reported as gone", ({ tables }) => void (tables[4]!.state = "missing"), [1, 2]],
    [
      "a definition that is not the dropped table's",
      ({ definitions }) => void definitions.missing.push("policy public.posts x"),
      [1],
    ],
    [
      "a definition reported as altered",
      ({ definitions }) => void definitions.altered.push("function public.f()"),
      [1],
    ],
    ["another backup", (found) => void (found.backupId = "other"), [2]],
    ["no time of the damage", ({ tables }) => void (tables[3]!.history = undefined), [2]],
    ["damage that a backup is said to hold", ({ tables }) => void (tables[0]!.history = held), [2]],
  ])("rejects %s", (_name, change, expected) => {
    expect(failed(change)).toEqual(expected);
  });
});
