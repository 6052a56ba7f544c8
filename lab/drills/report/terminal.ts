import Table from "cli-table3";

import { madeByRows } from "../../../planning/madeBy.ts";
import { duration } from "../../../services/common/terminal.ts";
import { type DrillReport, headlineOf, megabytes } from "./report.ts";

/** The report as a summary for the terminal: the page's facts, but only the longest steps. */
export function renderTerminal(report: DrillReport): string {
  const objectives = new Table({ head: ["", "objective", "promised", "measured", ""], style: PLAIN });
  for (const one of report.objectives) {
    const [limit, measured] = [duration(one.limitMs), duration(one.measuredMs)];
    objectives.push([mark(one.kept), `${one.kind} ${one.name}`, limit, measured, one.detail]);
  }
  const checks = new Table({ head: ["", "read from the recovered system", ""], style: PLAIN });
  for (const one of report.checks) checks.push([mark(one.ok), one.name, one.detail]);
  const longest = [...report.steps].sort((a, b) => b.durationMs - a.durationMs).slice(0, 6);
  const lost = report.lostRows.map((one) => `${one.rows} ${one.table}`).join(", ");
  return [
    headlineOf(report),
    `${report.data.rows.toLocaleString("en")} rows in ${report.data.tables} tables (${megabytes(report.data.tablesBytes)}), ` +
      (report.backup === undefined
        ? "no backup needed"
        : `backup ${report.backup.id} (${megabytes(report.backup.storedBytes)} stored)`),
    objectives.toString(),
    checks.toString(),
    `Lost, written after the snapshot: ${lost === "" ? "nothing" : lost}`,
    `The time went to: ${longest.map((one) => `${one.name} ${duration(one.durationMs)}`).join("; ")}`,
    `Simulated, so not tested: ${report.notTested.map(({ part, standIn }) => `${part} (${standIn})`).join("; ")}`,
    ...madeByRows(report.madeBy).map(([what, by]) => `${what}: ${by}`),
  ].join("\n");
}

const PLAIN = { head: [], border: [], compact: true };

function mark(ok: boolean): string {
  return ok ? "✓" : "✗";
}
