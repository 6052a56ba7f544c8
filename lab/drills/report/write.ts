import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { renderHtml } from "./html.ts";
import { type DrillReport, drillReportSchema } from "./report.ts";

/** Paths of a written report. */
export interface ReportFiles {
  html: string;
  json: string;
}

/**
 * Writes the report as a page and as JSON, and copies it to `latest-SCENARIO` and `latest`. The JSON is first checked against its schema.
 */
export async function writeReport(report: DrillReport, folder: string): Promise<ReportFiles> {
  const facts = drillReportSchema.parse(report);
  await mkdir(folder, { recursive: true });
  const name = `drill-${facts.startedAt.replace(/[-:]/g, "").replace(/\.\d+/, "")}`;
  const json = `${JSON.stringify(facts, null, 2)}\n`;
  const html = renderHtml(facts);
  const scenario = facts.scenario.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  for (const stem of [name, `latest-${scenario}`, "latest"]) {
    await writeWhole(join(folder, `${stem}.json`), json);
    await writeWhole(join(folder, `${stem}.html`), html);
  }
  return { html: join(folder, `${name}.html`), json: join(folder, `${name}.json`) };
}

/** Writes atomically, so that no reader sees half of a report. */
async function writeWhole(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}
