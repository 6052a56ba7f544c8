import { describe, expect, it } from "@jest/globals";

import { judgeObjectives, type Measurements } from "../../../../lab/drills/infrastructure/objectives.ts";

const at = (minutes: number): Date => new Date(Date.parse("2026-03-01T12:00:00Z") + minutes * 60_000);

const good: Measurements = {
  snapshotAt: at(-60),
  configurationAt: at(-59),
  lostAt: at(0),
  databaseAt: at(10),
  applicationAt: at(12),
  finishedAt: at(14),
  commitsLost: 0,
};

const missed = (measured: Measurements): string[] =>
  judgeObjectives(measured)
    .filter((one) => !one.kept)
    .map((one) => `${one.kind} ${one.name}`);

describe("judgeObjectives", () => {
  it("measures each objective of docs/objectives.md", () => {
    expect(judgeObjectives(good).map(({ kind, name, measuredMs }) => [kind, name, measuredMs / 60_000])).toEqual([
      ["RTO", "database", 10],
      ["RTO", "application", 2],
      ["RTO", "all", 14],
      ["RPO", "database", 60],
      ["RPO", "code", 0],
      ["RPO", "configuration", 59],
    ]);
    expect(missed(good)).toEqual([]);
  });

  it.each<[string, Partial<Measurements>, string[]]>([
    [
      "a database after 31 minutes",
      { databaseAt: at(31), applicationAt: at(32), finishedAt: at(33) },
      ["RTO database"],
    ],
    ["an app 16 minutes after its database", { applicationAt: at(26), finishedAt: at(27) }, ["RTO application"]],
    ["an end after 61 minutes", { finishedAt: at(61) }, ["RTO all"]],
    ["a snapshot of 25 hours", { snapshotAt: at(-1500) }, ["RPO database"]],
    ["a configuration of 25 hours", { configurationAt: at(-1500) }, ["RPO configuration"]],
    ["a lost commit", { commitsLost: 1 }, ["RPO code"]],
  ])("finds %s", (_name, change, expected) => {
    expect(missed({ ...good, ...change })).toEqual(expected);
  });

  it("refuses times in the wrong order instead of reporting a negative duration", () => {
    expect(() => judgeObjectives({ ...good, databaseAt: at(-1) })).toThrow("cannot measure");
  });
});
