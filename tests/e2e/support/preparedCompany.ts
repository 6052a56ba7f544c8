import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { promisify } from "node:util";

import { backUp } from "../../../lab/drills/company/backup.ts";
import { buildCompany, type Company } from "../../../lab/drills/company/company.ts";
import type { DrillContext } from "../../../lab/drills/company/context.ts";
import { takeSnapshot } from "../../../lab/drills/compare/snapshot.ts";
import type { DatabaseSnapshot } from "../../../lab/drills/compare/types.ts";
import { destroyEverything } from "../../../lab/drills/infrastructure/disaster.ts";
import { Steps } from "../../../lab/drills/stage/steps.ts";
import { resetSandbox, startSandbox, stopSandbox } from "../../../lab/sandbox/control.ts";
import { sandboxEnvironment } from "../../../lab/sandbox/environment.ts";
import { layout, PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { prepareWorkspace } from "../../../lab/sandbox/workspace.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { createStandbyStack } from "./standbyStack.ts";

/** The states of a prepared company: it runs and has no backup yet, or its primary is lost after a backup. */
export type CompanyState = "running" | "lost";

/** CastChat in a sandbox, built once for several tests. */
export interface PreparedCompany {
  context: DrillContext;
  company: Company;
  /** The data at the backup. */
  before: DatabaseSnapshot;
  /** Puts the sandbox back into a state. */
  rewind(state: CompanyState): Promise<void>;
  /** Stops and removes everything. */
  dispose(): Promise<void>;
}

/** A new sandbox with everything that a drill's steps need, and an empty stack dr. */
export async function startContext(name: string, rows: number): Promise<DrillContext> {
  const home = join(PROJECT_ROOT, ".sandbox", `tests-e2e-${name}-${process.pid}`);
  const file = await startSandbox({ home });
  const workspace = await prepareWorkspace(home, file);
  const { temporary } = layout(home);
  await mkdir(temporary, { recursive: true });
  const clock = systemClock;
  const environment = { ...sandboxEnvironment(home, file), TMPDIR: temporary };
  const engine = await createStandbyStack({ workspace, environment }, file);
  const stream = new PassThrough().resume() as unknown as NodeJS.WriteStream;
  const { signal } = new AbortController();
  return {
    home,
    file,
    engine,
    rows,
    clock,
    steps: new Steps({ clock, stream, signal }),
  };
}

/** Inspects CastChat before the loss. */
export type Look = (context: DrillContext, company: Company) => Promise<void>;

/** Builds CastChat and keeps a copy of it; backs it up, destroys the primary, and keeps a copy of that state. */
export async function prepareCompany(
  rows: number,
  looks: { beforeBackup?: Look; beforeLoss?: Look } = {},
): Promise<PreparedCompany> {
  const context = await startContext("company", rows);
  const { home } = context;
  const copyOf = (state: CompanyState) => `${home}.${state}`;
  const dispose = async (): Promise<void> => {
    await resetSandbox({ home });
    for (const state of ["running", "lost"] as const) await rm(copyOf(state), { recursive: true, force: true });
  };
  const keep = async (state: CompanyState): Promise<void> => {
    await stopSandbox({ home });
    await copy(home, copyOf(state));
    await startSandbox({ home });
  };
  try {
    const company = await buildCompany(context);
    await keep("running");
    await looks.beforeBackup?.(context, company);
    const before = await takeSnapshot(company.primaryOutputs.databaseUrl);
    await backUp(context);
    await looks.beforeLoss?.(context, company);
    await destroyEverything(context, company);
    await company.standby.setAllConfig({
      "castchat-recovery:mode": { value: "active" },
      "castchat-recovery:generation": { value: "2" },
    });
    await keep("lost");
    const rewind = async (state: CompanyState): Promise<void> => {
      await stopSandbox({ home });
      await resetSandbox({ home });
      await copy(copyOf(state), home);
      await startSandbox({ home });
    };
    return { context, company, before, rewind, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Not by Node, which gives the copies to root: the files of a Postgres server must keep their owner. */
async function copy(from: string, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-Rp", from, to]);
}
