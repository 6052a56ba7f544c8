import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../clients/clock.ts";
import { messageOf, PromiseError } from "../clients/errors.ts";
import { resetSandbox, startSandbox } from "../sandbox/control.ts";
import { sandboxEnvironment } from "../sandbox/environment.ts";
import { layout, sandboxHome, type SandboxFile } from "../sandbox/layout.ts";
import { prepareWorkspace } from "../sandbox/workspace.ts";
import { buildCompany } from "./company/company.ts";
import { completeInfrastructureFailure } from "./infrastructure/scenario.ts";
import { findLeftovers } from "./leftovers.ts";
import type { DrillReport } from "./report/report.ts";
import { writeReport, type ReportFiles } from "./report/write.ts";
import { Steps } from "./steps.ts";

/** How a drill is run. */
export interface DrillOptions {
  /** Posts in the sample database. */
  rows: number;
  /** Folder for the report. */
  reports: string;
  /** Show the engine's own output. */
  verbose: boolean;
  /** Leave the sandbox running and its home in place. */
  keep: boolean;
  signal: AbortSignal;
}

/**
 * Runs the scenario in a sandbox of its own, stops and removes that sandbox whatever happens, looks that nothing of it is
 * left, and writes the report.
 *
 * @throws PromiseError when something is left behind; whatever the scenario throws
 */
export async function runDrill(options: DrillOptions): Promise<{ report: DrillReport; files: ReportFiles }> {
  const clock = systemClock;
  const steps = new Steps({ clock, stream: process.stderr, signal: options.signal });
  const home = join(sandboxHome(), "drills", `${clock().toISOString().replace(/[-:.]/g, "")}-${process.pid}`);
  const file = await startOrCleanUp(home, steps);
  let report: DrillReport | undefined;
  let failure: unknown;
  try {
    const workspace = await prepareWorkspace(home, file);
    const { temporary } = layout(home);
    await mkdir(temporary, { recursive: true });
    const engine = {
      workspace,
      // The engine leaves pipes in the temporary folder: with one of its own, they go with the sandbox.
      environment: { ...sandboxEnvironment(home, file), TMPDIR: temporary },
      signal: options.signal,
      ...(options.verbose ? { onOutput: (text: string) => void process.stderr.write(text) } : {}),
    };
    const context = { home, file, engine, rows: options.rows, clock, steps };
    report = await completeInfrastructureFailure(context, await buildCompany(context));
  } catch (error) {
    // Ctrl-C reaches the engine and the drill at the same moment: whoever tells first, it was an interruption.
    await pause(200);
    failure = options.signal.aborted ? options.signal.reason : error;
  }
  if (!options.keep) await leaveNothing(home, file, report, failure);
  if (!report) throw failure;
  return { report, files: await writeReport(report, options.reports) };
}

async function startOrCleanUp(home: string, steps: Steps): Promise<SandboxFile> {
  try {
    return await steps.run("Start the sandbox", (say) => startSandbox({ home, onProgress: say }));
  } catch (error) {
    await resetSandbox({ home });
    throw error;
  }
}

/** Stops and removes the sandbox. What is left is a check of a finished drill; after a failure it is said beside its reason. */
async function leaveNothing(
  home: string,
  file: SandboxFile,
  report: DrillReport | undefined,
  failure: unknown,
): Promise<void> {
  await resetSandbox({ home });
  const leftovers = await findLeftovers(home, file);
  if (report) {
    report.checks.push({
      name: "no process, port or temporary file is left",
      ok: leftovers.length === 0,
      detail:
        leftovers.length === 0
          ? `${Object.keys(file.ports).length} ports closed, sandbox removed`
          : leftovers.join("; "),
    });
    report.ok &&= leftovers.length === 0;
  } else if (leftovers.length > 0) {
    throw new PromiseError(`${messageOf(failure)} Besides, ${leftovers.join("; ")}.`, { cause: failure });
  }
}
