import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { systemClock } from "../../services/common/clock.ts";
import { messageOf, PromiseError } from "../../services/common/errors.ts";
import { resetSandbox, startSandbox } from "../sandbox/control.ts";
import { sandboxEnvironment } from "../sandbox/environment.ts";
import { type OfficialEnvironment, officialEnvironment } from "../sandbox/fidelity/officialEnvironment.ts";
import { neededPlugins } from "../sandbox/fidelity/officialPlugins.ts";
import { layout, type SandboxFile, sandboxHome } from "../sandbox/host/layout.ts";
import { prepareWorkspace } from "../sandbox/workspace.ts";
import { buildCompany } from "./company/company.ts";
import type { DrillContext } from "./company/context.ts";
import { databaseCorruption } from "./corruption/scenario.ts";
import { applicationDeploymentFailure } from "./deployment/scenario.ts";
import { noteOfficialPlugins, showsNoChange } from "./fidelity.ts";
import { completeInfrastructureFailure } from "./infrastructure/scenario.ts";
import { findLeftovers } from "./leftovers.ts";
import type { DrillOptions } from "./options.ts";
import type { DrillReport } from "./report/report.ts";
import { type ReportFiles, writeReport } from "./report/write.ts";
import { Steps } from "./stage/steps.ts";

/** A scenario's report, and its files. */
export interface DrillResult {
  report: DrillReport;
  files: ReportFiles;
}

/**
 * Runs the scenarios in their own sandbox, always stops and removes that sandbox, checks that nothing of it is left, and writes a report
 * for each scenario.
 *
 * @throws PromiseError when something is left behind; whatever the scenario throws
 */
export async function runDrill(options: DrillOptions): Promise<DrillResult[]> {
  const clock = systemClock;
  const official = options.plugins === "official" ? neededPlugins(process.env) : undefined;
  const steps = new Steps({ clock, stream: process.stderr, signal: options.signal });
  const home = join(sandboxHome(), "drills", `${clock().toISOString().replace(/[-:.]/g, "")}-${process.pid}`);
  const file = await startOrCleanUp(home, steps);
  const reports: DrillReport[] = [];
  let failure: Error | undefined;
  let behind: OfficialEnvironment | undefined;
  try {
    const workspace = await prepareWorkspace(home, file);
    const { temporary } = layout(home);
    await mkdir(temporary, { recursive: true });
    const own = sandboxEnvironment(home, file);
    if (official !== undefined) behind = await officialEnvironment(home, file, own, official.there);
    const engine = {
      workspace,
      // The engine leaves pipes in the temporary folder. In the sandbox's own folder they are removed with it.
      environment: { ...(behind?.environment ?? own), TMPDIR: temporary },
      signal: options.signal,
      ...(options.verbose ? { onOutput: (text: string) => void process.stderr.write(text) } : {}),
    };
    await runScenarios({ home, file, engine, rows: options.rows, clock, steps }, options, reports);
    if (behind !== undefined && official !== undefined) noteOfficialPlugins(reports, official, behind.proxy);
  } catch (error) {
    // Ctrl-C reaches the engine and the drill at the same moment. Whichever reports first, it was an interruption.
    await pause(200);
    failure = (options.signal.aborted ? options.signal.reason : error) as Error;
  }
  await behind?.proxy.stop();
  if (!options.keep) await leaveNothing(home, file, reports, failure);
  const results: DrillResult[] = [];
  // Scenarios that were finished before a failure are still reported.
  for (const report of reports) results.push({ report, files: await writeReport(report, options.reports) });
  if (failure !== undefined) throw failure;
  return results;
}

/** The infrastructure's loss comes last, because the company does not survive it. */
async function runScenarios(
  context: DrillContext,
  { scenario, plugins }: Pick<DrillOptions, "scenario" | "plugins">,
  reports: DrillReport[],
): Promise<void> {
  const company = await buildCompany(context);
  if (plugins === "official") await showsNoChange(context);
  const isAsked = (one: DrillOptions["scenario"]): boolean => scenario === "all" || scenario === one;
  if (isAsked("corruption")) reports.push(await databaseCorruption(context, company));
  if (isAsked("deployment")) reports.push(await applicationDeploymentFailure(context, company));
  if (isAsked("infrastructure")) reports.push(await completeInfrastructureFailure(context, company));
}

async function startOrCleanUp(home: string, steps: Steps): Promise<SandboxFile> {
  try {
    return await steps.run("Start the sandbox", (say) => startSandbox({ home, onProgress: say }));
  } catch (error) {
    await resetSandbox({ home });
    throw error;
  }
}

/** Stops and removes the sandbox. Leftovers are a check of a finished drill; after a failure, the error's message lists them. */
async function leaveNothing(
  home: string,
  file: SandboxFile,
  reports: readonly DrillReport[],
  failure: unknown,
): Promise<void> {
  await resetSandbox({ home });
  const leftovers = await findLeftovers(home, file);
  for (const report of reports) {
    report.checks.push({
      name: "no process, port or temporary file is left",
      ok: leftovers.length === 0,
      detail:
        leftovers.length === 0
          ? `${Object.keys(file.ports).length} ports closed, sandbox removed`
          : leftovers.join("; "),
    });
    report.ok &&= leftovers.length === 0;
  }
  if (failure !== undefined && leftovers.length > 0) {
    throw new PromiseError(`${messageOf(failure)} Also, ${leftovers.join("; ")}.`, { cause: failure });
  }
}
