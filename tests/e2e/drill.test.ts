import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { drillReportSchema } from "../../lab/drills/report/report.ts";
import { PROJECT_ROOT, sandboxHome } from "../../lab/sandbox/host/layout.ts";

const MAIN = join(PROJECT_ROOT, "cli", "main.ts");
/** Folder with the reports of a drill that has just ended well: the gate runs `make drill`, and no second one. */
const DRILLED = process.env["CASTCHAT_DRILL_REPORTS"];
const REPORT = "latest-complete-infrastructure-failure";
let reports: string;
let home: string;

beforeEach(async () => {
  reports = await mkdtemp(join(tmpdir(), "castchat-drill-"));
  home = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-drill-"));
});
afterEach(async () => {
  await rm(reports, { recursive: true });
  await rm(home, { recursive: true });
});

const drill = (args: readonly string[]) =>
  execa(
    process.execPath,
    [MAIN, "drill", "--scenario", "infrastructure", "--rows", "60", "--reports", reports, ...args],
    {
      env: { CASTCHAT_SANDBOX_HOME: home },
      stdin: "ignore",
      reject: false,
      all: true,
      detached: true,
    },
  );

/** Processes that name the test's folder among their arguments or variables. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const file of ["cmdline", "environ"]) {
      const text = await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "a process that has ended");
      if (text.includes(folder)) found.push(`${pid}: ${text.split("\0")[0] ?? ""}`);
    }
  }
  return found;
}

describe("castchat-recovery drill", () => {
  it("recovers from a complete infrastructure failure, reports it, and leaves nothing", async () => {
    if (DRILLED === undefined) {
      const result = await drill([]);
      expect([result.exitCode, result.exitCode === 0 ? "" : result.all]).toEqual([0, ""]);
    }
    const folder = DRILLED ?? reports;
    const drills = join(DRILLED === undefined ? home : sandboxHome(), "drills");
    const report = drillReportSchema.parse(JSON.parse(await readFile(join(folder, `${REPORT}.json`), "utf8")));
    expect(report.ok).toBe(true);
    expect(report.objectives.map((one) => `${one.kind} ${one.name}`)).toEqual([
      "RTO database",
      "RTO application",
      "RTO all",
      "RPO database",
      "RPO code",
      "RPO configuration",
    ]);
    expect(report.loss.destroyed).toHaveLength(5);
    expect(report.lostRows).toContainEqual({ table: "public.posts", rows: 20 });
    expect(await readFile(join(folder, `${REPORT}.html`), "utf8")).toContain("every promise is kept");
    expect(await processesOf(drills)).toEqual([]);
    expect(await readdir(drills)).toEqual([]);
  }, 240_000);

  it("stops everything on Ctrl-C, says so, and exits with 130", async () => {
    const running = drill([]);
    let pressed = false;
    running.all.on("data", (text: Buffer) => {
      if (pressed || running.pid === undefined || !text.toString().includes("pulumi up prod")) return;
      pressed = true;
      process.kill(-running.pid, "SIGINT");
      // People press it twice. The drill may have ended by then.
      setTimeout(() => running.exitCode ?? running.kill("SIGINT"), 300);
    });
    const result = await running;
    expect([result.exitCode, result.all]).toEqual([130, expect.stringContaining("Interrupted")]);
    expect(await processesOf(home)).toEqual([]);
    expect(existsSync(join(home, "drills")) ? await readdir(join(home, "drills")) : []).toEqual([]);
  }, 120_000);
});
