import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { drillReportSchema } from "../../lab/drills/report/report.ts";
import { PROJECT_ROOT, sandboxHome } from "../../lab/sandbox/host/layout.ts";
import { WITHOUT_FAULT, witnessed } from "../support/contracts/witnessed.ts";

const MAIN = join(PROJECT_ROOT, "cli", "main.ts");
/** Folder with the reports of `make drill`, which the gate runs before the tests. Without it, the tests that read them are skipped. */
const DRILLED = process.env["CASTCHAT_DRILL_REPORTS"];
const afterDrill = DRILLED === undefined ? it.skip : it;
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
  const reportOf = async (scenario: string) => {
    const text = await readFile(join(DRILLED!, `latest-${scenario}.json`), "utf8");
    return drillReportSchema.parse(JSON.parse(text));
  };

  afterDrill("recovers from a complete infrastructure failure, reports it, and leaves nothing", async () => {
    const report = await reportOf("complete-infrastructure-failure");
    expect(report.checks.filter((check) => !check.ok)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.objectives.map((one) => [`${one.kind} ${one.name}`, one.kept])).toEqual([
      ["RTO database", true],
      ["RTO application", true],
      ["RTO all", true],
      ["RPO database", true],
      ["RPO code", true],
      ["RPO configuration", true],
    ]);
    expect(report.loss.destroyed).toHaveLength(7);
    expect(report.lostRows).toContainEqual({ table: "public.posts", rows: 20 });
    const page = await readFile(join(DRILLED!, "latest-complete-infrastructure-failure.html"), "utf8");
    expect(page).toContain("every promise is kept");
    const drills = join(sandboxHome(), "drills");
    expect(await processesOf(drills)).toEqual([]);
    expect(await readdir(drills)).toEqual([]);
  });

  afterDrill("asks the services and is answered by them as their vendors describe it", async () => {
    expect(await witnessed(join(DRILLED!, "contract.txt"))).toEqual(WITHOUT_FAULT);
  });

  afterDrill("repairs a corrupted database in place within the objectives", async () => {
    const report = await reportOf("database-corruption");
    expect(report.checks.filter((check) => !check.ok)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.loss.destroyed).toEqual([
      expect.stringMatching(/^[1-9]\d* rows of public\.posts silently altered$/),
      "5 rows of public.users silently altered",
      "1 rows of auth.users silently altered",
      expect.stringMatching(/^table public\.application_history dropped, with [1-9]\d* rows$/),
    ]);
    expect(report.objectives.map((one) => [one.kind, one.name, one.kept])).toEqual([
      ["RTO", "database", true],
      ["RPO", "database", true],
    ]);
    expect(report.lostRows).toContainEqual({ table: "public.posts", rows: 20 });
    expect(report.recoveryPhases.map((phase) => phase.name)).toEqual(
      expect.arrayContaining([
        "Stop writes",
        "Assess the damage",
        "Verify the database",
        "Test authentication",
        "Allow writes",
      ]),
    );
  });

  afterDrill("goes back from a bad release within the objective, and lets the next good one through", async () => {
    const report = await reportOf("application-deployment-failure");
    expect(report.checks.filter((check) => !check.ok)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.backup).toBeUndefined();
    expect(report.objectives.map((one) => [one.kind, one.name, one.kept])).toEqual([["RTO", "application", true]]);
    expect(report.loss.destroyed).toEqual([expect.stringMatching(/answers 500 to one request of 3/)]);
    expect(report.recoveryPhases.map((phase) => phase.name)).toEqual([
      "Notice it",
      "Roll back",
      "Visit the app",
      "Take the bad commit back",
    ]);
  });

  it("stops everything on Ctrl-C, reports it, and exits with 130", async () => {
    const running = drill([]);
    let pressed = false;
    running.all.on("data", (text: Buffer) => {
      if (pressed || running.pid === undefined || !text.toString().includes("pulumi up prod")) return;
      pressed = true;
      process.kill(-running.pid, "SIGINT");
      // A second Ctrl-C, as an impatient person presses it. The drill may have ended by then.
      setTimeout(() => running.exitCode ?? running.kill("SIGINT"), 300);
    });
    const result = await running;
    expect([result.exitCode, result.all]).toEqual([130, expect.stringContaining("Interrupted")]);
    expect(await processesOf(home)).toEqual([]);
    expect(existsSync(join(home, "drills")) ? await readdir(join(home, "drills")) : []).toEqual([]);
  }, 120_000);
});
