import { describe, expect, it } from "@jest/globals";

import { judgeObjectives } from "../../../../lab/drills/corruption/objectives.ts";

const at = (minutes: number) => new Date(Date.UTC(2026, 0, 2, 0, minutes));

describe("judgeObjectives", () => {
  it("measures from the damage to the writes, and from the snapshot to the damage", () => {
    expect(judgeObjectives({ lostAt: at(10), allowedAt: at(40), snapshotAt: at(0) })).toMatchObject([
      { kind: "RTO", name: "database", measuredMs: 30 * 60_000, kept: true },
      { kind: "RPO", name: "database", measuredMs: 10 * 60_000, kept: true },
    ]);
  });

  it("breaks the promises a minute later", () => {
    const late = judgeObjectives({ lostAt: at(24 * 60 + 1), allowedAt: at(24 * 60 + 32), snapshotAt: at(0) });
    expect(late.map((one) => one.kept)).toEqual([false, false]);
  });

  it("refuses a measurement that is negative", () => {
    expect(() => judgeObjectives({ lostAt: at(10), allowedAt: at(9), snapshotAt: at(0) })).toThrow(/cannot measure/);
  });
});
