import { describe, expect, it } from "@jest/globals";

import { judgeObjectives } from "../../../../lab/drills/deployment/objectives.ts";

const lostAt = new Date("2026-07-01T02:00:00Z");
const after = (minutes: number) => new Date(lostAt.getTime() + minutes * 60_000);

describe("the objective of a bad release", () => {
  it.each([
    [15, true],
    [15.01, false],
  ])("is users' access within 15 minutes: %d", (minutes, kept) => {
    expect(judgeObjectives({ lostAt, accessAt: after(minutes) })).toEqual([
      expect.objectContaining({ kind: "RTO", name: "application", limitMs: 15 * 60_000, kept }),
    ]);
  });
});
