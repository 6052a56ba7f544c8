import { duration } from "../../../services/common/terminal.ts";
import { type DrillReport, megabytes } from "./report.ts";

/** The report as one HTML page that needs no network: verdict, objectives, durations, checks, and what was simulated. */
export function renderHtml(report: DrillReport): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(report.scenario)} – ${report.ok ? "recovered" : "not recovered"}</title><style>${STYLE}</style></head>
<body><main>
<header class="${report.ok ? "ok" : "bad"}"><p>Recovery drill · ${text(report.startedAt)}</p>
<h1>${text(report.scenario)}: ${report.ok ? "every promise is kept" : "NOT every promise is kept"}</h1>
<p>${number(report.data.rows)} rows in ${report.data.tables} tables, ${megabytes(report.data.tablesBytes)};
backup ${text(report.backup.id)} of ${megabytes(report.backup.storedBytes)}</p></header>
<section><h2>Objectives</h2><table><thead><tr><th></th><th>Objective</th><th>Promised</th><th>Measured</th><th></th></tr></thead><tbody>
${report.objectives
  .map(
    (one) =>
      `<tr><td>${mark(one.kept)}</td><td>${one.kind} ${one.name}</td><td>${duration(one.limitMs)}</td><td><b>${duration(
        one.measuredMs,
      )}</b></td><td>${text(one.detail)}</td></tr>`,
  )
  .join("\n")}
</tbody></table></section>
<section><h2>What was destroyed</h2><p>At ${text(report.loss.at)}:</p><ul>${report.loss.destroyed
    .map((one) => `<li>${text(one)}</li>`)
    .join("")}</ul></section>
<section><h2>Where the recovery's time went</h2>${bars(report.recoveryPhases)}</section>
<section><h2>Checks, read from the recovered system</h2><table><tbody>
${report.checks.map((one) => `<tr><td>${mark(one.ok)}</td><td>${text(one.name)}</td><td>${text(one.detail)}</td></tr>`).join("\n")}
</tbody></table></section>
<section><h2>Written after the snapshot, and lost</h2>${
    report.lostRows.length === 0
      ? "<p>Nothing.</p>"
      : `<table><tbody>${report.lostRows
          .map((one) => `<tr><td>${text(one.table)}</td><td>${number(one.rows)} rows</td></tr>`)
          .join("")}</tbody></table>`
  }</section>
<section><h2>Where the drill's time went</h2>${bars(report.steps)}</section>
<section><h2>What was simulated</h2><ul>${report.simulated.map((one) => `<li>${text(one)}</li>`).join("")}</ul></section>
</main></body></html>
`;
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}main{max-width:960px;margin:auto;padding:24px}
header{padding:20px 24px;border-radius:10px;color:#fff}header.ok{background:#12683f}header.bad{background:#a4201c}h1{margin:.2em 0;font-size:26px}
header p{margin:0;opacity:.9}section{background:#fff;border-radius:10px;padding:8px 24px 20px;margin-top:16px}h2{font-size:17px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:5px 10px 5px 0;border-top:1px solid #e6e8eb;vertical-align:top}
.good{color:#12683f}.wrong{color:#a4201c;font-weight:700}.bar{display:grid;grid-template-columns:18em 1fr 6em;gap:10px;align-items:center;margin:3px 0}
.bar i{display:block;height:14px;border-radius:3px;background:#3b6fb6;min-width:2px}.bar span:last-child{text-align:right}`;

function bars(entries: readonly { name: string; durationMs: number }[]): string {
  const longest = Math.max(1, ...entries.map((one) => one.durationMs));
  return entries
    .map(
      (one) =>
        `<div class="bar"><span>${text(one.name)}</span><i style="width:${((100 * one.durationMs) / longest).toFixed(
          1,
        )}%"></i><span>${duration(one.durationMs)}</span></div>`,
    )
    .join("\n");
}

function mark(ok: boolean): string {
  return ok ? '<span class="good">✓</span>' : '<span class="wrong">✗</span>';
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function text(value: string): string {
  return value.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
