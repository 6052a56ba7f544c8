import { readdir, readFile } from "node:fs/promises";

import { describe, expect, it } from "@jest/globals";

import { renderHtml } from "../../../../lab/drills/report/html.ts";
import { type DrillReport, drillReportSchema, isKept } from "../../../../lab/drills/report/report.ts";
import { renderTerminal } from "../../../../lab/drills/report/terminal.ts";
import { writeReport } from "../../../../lab/drills/report/write.ts";
import { withTemporaryFolder } from "../../../../services/common/temporaryFolder.ts";
import { MADE_BY_TEST } from "../../../support/madeBy.ts";

const report: DrillReport = {
  formatVersion: 2,
  scenario: "Complete infrastructure failure",
  ok: true,
  startedAt: "2026-03-01T12:00:00.000Z",
  finishedAt: "2026-03-01T12:02:00.000Z",
  data: { rows: 1234, tables: 17, tablesBytes: 104_857_600 },
  backup: {
    id: "20260301T120000Z-abcdef",
    snapshotAt: "2026-03-01T12:00:10.000Z",
    storedBytes: 30_000_000,
    durationMs: 5000,
    replicatedAfterMs: 900,
  },
  loss: { at: "2026-03-01T12:01:00.000Z", destroyed: ["the database <server>"] },
  objectives: [
    { kind: "RTO", name: "database", limitMs: 1_800_000, measuredMs: 12_300, kept: true, detail: "from the loss" },
  ],
  checks: [{ name: "every table is as in the snapshot", ok: true, detail: "17 tables" }],
  lostRows: [{ table: "public.posts", rows: 20 }],
  steps: [{ name: "Back up", startedAt: "2026-03-01T12:00:10.000Z", durationMs: 5000 }],
  recoveryPhases: [{ name: "restore: data", durationMs: 4000 }],
  notTested: [{ part: "AWS", standIn: "ministack", notTested: "quotas <of AWS>" }],
  madeBy: MADE_BY_TEST,
};

describe("isKept", () => {
  it("needs every check and every objective", () => {
    const [check] = report.checks;
    const [objective] = report.objectives;
    expect(isKept(report)).toBe(true);
    expect(isKept({ ...report, checks: [{ ...check!, ok: false }] })).toBe(false);
    expect(isKept({ ...report, objectives: [{ ...objective!, kept: false }] })).toBe(false);
  });

  it("is not kept by a drill that has checked or measured nothing", () => {
    expect(isKept({ ...report, checks: [] })).toBe(false);
    expect(isKept({ ...report, objectives: [] })).toBe(false);
  });
});

describe("renderings", () => {
  it("contain the same facts, escaped in the page", () => {
    const html = renderHtml(report);
    const terminal = renderTerminal(report);
    for (const text of [html, terminal]) {
      for (const fact of [
        "RTO database",
        "12.3 s",
        "30 min 00 s",
        "every table is as in the snapshot",
        "ministack",
        "castchat-recovery 0.1.0, commit c0ffee, with uncommitted changes",
        "A processor, 2 cores, 16.0 GiB of memory, Linux 6.1 x64",
        "Node 24.21.0, Pulumi v3.250.0, PostgreSQL 17.10",
        "public.posts",
      ]) {
        expect(text).toContain(fact);
      }
    }
    expect(html).toContain("the database &lt;server&gt;");
    expect(html).not.toContain("<server>");
    expect(html).toContain("quotas &lt;of AWS&gt;");
    expect(html).toContain("where a check says so, from the program's outputs");
  });

  it("say that a recovery needed no backup", () => {
    const without = Object.fromEntries(Object.entries(report).filter(([key]) => key !== "backup")) as DrillReport;
    expect(drillReportSchema.parse(without)).toEqual(without);
    for (const text of [renderHtml(without), renderTerminal(without)]) expect(text).toContain("no backup needed");
  });

  it("report in words when a promise is not kept", () => {
    const broken = { ...report, ok: false };
    expect(renderTerminal(broken)).toContain("NOT every promise is kept");
    expect(renderHtml(broken)).toContain("NOT every promise is kept");
  });
});

describe("writeReport", () => {
  it("writes page and JSON, and the newest as latest", async () => {
    await withTemporaryFolder("report", async (folder) => {
      const files = await writeReport(report, folder);
      expect(drillReportSchema.parse(JSON.parse(await readFile(files.json, "utf8")))).toEqual(report);
      expect(await readFile(files.html, "utf8")).toBe(renderHtml(report));
      expect((await readdir(folder)).sort()).toEqual([
        "drill-20260301T120000Z.html",
        "drill-20260301T120000Z.json",
        "latest-complete-infrastructure-failure.html",
        "latest-complete-infrastructure-failure.json",
        "latest.html",
        "latest.json",
      ]);
    });
  });
});
