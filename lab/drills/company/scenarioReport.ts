import { type DrillReport, isKept } from "../report/report.ts";
import type { TakenBackup } from "./backup.ts";
import type { Company } from "./company.ts";
import type { DrillContext } from "./context.ts";
import { SIMULATED } from "./simulated.ts";

/** The findings of a scenario; the rest of its report is the same for all. */
export interface ScenarioFindings extends Pick<
  DrillReport,
  "scenario" | "checks" | "objectives" | "lostRows" | "recoveryPhases"
> {
  startedAt: Date;
  /** Number of steps before the scenario's first step. */
  stepsBefore: number;
  backup: TakenBackup;
  loss: { at: Date; destroyed: string[] };
}

/** The report of a scenario, with its own steps and those that built its company. */
export function scenarioReport({ clock, steps }: DrillContext, company: Company, found: ScenarioFindings): DrillReport {
  const { scenario, startedAt, stepsBefore, backup, loss, checks, objectives, lostRows, recoveryPhases } = found;
  return {
    formatVersion: 1,
    scenario,
    ok: isKept({ checks, objectives }),
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    data: company.size,
    backup: {
      id: backup.id,
      snapshotAt: backup.snapshotAt.toISOString(),
      storedBytes: backup.storedBytes,
      durationMs: backup.durationMs,
      replicatedAfterMs: backup.replicatedAfterMs,
    },
    loss: { at: loss.at.toISOString(), destroyed: loss.destroyed },
    checks,
    objectives,
    lostRows,
    steps: [...company.steps, ...steps.records.slice(stepsBefore)],
    recoveryPhases,
    simulated: [...SIMULATED],
  };
}
