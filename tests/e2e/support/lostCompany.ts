import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";

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

/** CastChat after the loss of its primary, before any recovery: a sandbox that can be put back into this state again and again. */
export interface LostCompany {
  context: DrillContext;
  company: Company;
  /** The data at the backup. */
  before: DatabaseSnapshot;
  /** Brings the sandbox back into the state right after the loss. */
  rewind(): Promise<void>;
  /** Stops and removes everything. */
  dispose(): Promise<void>;
}

/** A sandbox that is set up and empty, with everything a drill's steps need. */
export async function startContext(name: string, rows: number): Promise<DrillContext> {
  const home = join(PROJECT_ROOT, ".sandbox", `tests-e2e-${name}-${process.pid}`);
  const file = await startSandbox({ home });
  const workspace = await prepareWorkspace(home, file);
  const { temporary } = layout(home);
  await mkdir(temporary, { recursive: true });
  const clock = systemClock;
  const stream = new PassThrough().resume() as unknown as NodeJS.WriteStream;
  const { signal } = new AbortController();
  return {
    home,
    file,
    engine: { workspace, environment: { ...sandboxEnvironment(home, file), TMPDIR: temporary } },
    rows,
    clock,
    steps: new Steps({ clock, stream, signal }),
  };
}

/** Looks at CastChat on its way to the loss. */
type Look = (context: DrillContext, company: Company) => Promise<void>;

/** Builds CastChat, backs it up, loses the primary, and keeps a copy of that state. */
export async function loseCompany(
  name: string,
  rows: number,
  looks: { beforeBackup?: Look; beforeLoss?: Look } = {},
): Promise<LostCompany> {
  const context = await startContext(name, rows);
  const { home } = context;
  const copy = `${home}.copy`;
  const dispose = async (): Promise<void> => {
    await resetSandbox({ home });
    await rm(copy, { recursive: true, force: true });
  };
  try {
    const company = await buildCompany(context);
    await looks.beforeBackup?.(context, company);
    const before = await takeSnapshot(company.primaryOutputs.databaseUrl);
    await backUp(context);
    await looks.beforeLoss?.(context, company);
    await destroyEverything(context, company);
    await company.standby.setAllConfig({
      "castchat-recovery:mode": { value: "active" },
      "castchat-recovery:generation": { value: "2" },
    });
    await stopSandbox({ home });
    await cp(home, copy, { recursive: true, preserveTimestamps: true });
    const rewind = async (): Promise<void> => {
      await stopSandbox({ home });
      await resetSandbox({ home });
      await cp(copy, home, { recursive: true, preserveTimestamps: true });
      await startSandbox({ home });
    };
    await startSandbox({ home });
    return { context, company, before, rewind, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
