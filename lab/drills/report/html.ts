import { bars, list, note, page, table } from "../../../cli/html/page.ts";
import { duration } from "../../../services/common/terminal.ts";
import { type DrillReport, headlineOf, megabytes } from "./report.ts";

/** The report as one HTML page that needs no network: verdict, objectives, durations, checks, and what was not tested. */
export function renderHtml(report: DrillReport): string {
  const { data, backup, loss } = report;
  return page({
    about: `Recovery drill · ${minuteOf(report.startedAt)} to ${minuteOf(report.finishedAt)} UTC`,
    headline: headlineOf(report),
    ok: report.ok,
    summary: `${number(data.rows)} rows in ${data.tables} tables, ${megabytes(data.tablesBytes)}; ${backup === undefined ? "no backup needed" : `backup ${backup.id} of ${megabytes(backup.storedBytes)}`}`,
    madeBy: report.madeBy,
    sections: [
      ["Objectives", objectives(report)],
      [`What was destroyed, at ${loss.at.slice(0, 19).replace("T", " ")} UTC`, list(loss.destroyed)],
      ["Where the recovery's time went", barsOf(report.recoveryPhases)],
      [
        "Checks",
        note("Read from the recovered system; where a check says so, from the program's outputs.") +
          table(
            ["Kept", "Check", "Found"],
            report.checks.map(({ ok, name, detail }) => [{ passed: ok }, name, detail]),
          ),
      ],
      [
        "Written after the snapshot, and lost",
        table(
          ["Table", "Rows"],
          report.lostRows.map((one) => [one.table, { number: number(one.rows) }]),
        ),
      ],
      ["Where the drill's time went", barsOf(report.steps)],
      [
        "What was not tested",
        table(
          ["Part", "Here", "So not tested"],
          report.notTested.map(({ part, standIn, notTested }) => [part, standIn, notTested]),
        ),
      ],
    ],
  });
}

function objectives(report: DrillReport): string {
  return table(
    ["Kept", "Objective", "Promised", "Measured", "What was measured"],
    report.objectives.map(({ kept, kind, name, limitMs, measuredMs, detail }) => [
      { passed: kept },
      `${kind} ${name}`,
      { number: duration(limitMs) },
      { number: duration(measuredMs) },
      detail,
    ]),
  );
}

function barsOf(entries: readonly { name: string; durationMs: number }[]): string {
  return bars(entries.map(({ name, durationMs }) => ({ name, value: durationMs, shown: duration(durationMs) })));
}

/** "2026-07-01 02:00" of an ISO time. */
function minuteOf(instant: string): string {
  return instant.slice(0, 16).replace("T", " ");
}

function number(value: number): string {
  return value.toLocaleString("en");
}
