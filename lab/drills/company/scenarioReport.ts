import { type DrillReport, isKept } from "../report/report.ts";
import type { TakenBackup } from "./backup.ts";
import type { Company } from "./company.ts";
import type { DrillContext } from "./context.ts";

/** The replacements of real services in the sandbox. Every report lists them. */
const SIMULATED = [
  "AWS by ministack behind one gateway a region; a lost region is a gateway that no longer listens; CloudTrail delivers no logs, S3 encrypts without checking the caller's rights in KMS, MFA codes are not checked, and the root user acts as an engineer who may assume the vault's roles",
  "CodeBuild by processes of this machine in place of containers, with the rights of the build's role; EventBridge Scheduler's clock is advanced",
  "Supabase's Management API, its auth and its storage service by emulators, which keep edge functions and never run them; each project is a real Postgres 17 server, created in seconds rather than minutes",
  "Vercel by an emulator; deployments are real processes, built without a build step",
  "GitHub's API by an emulator; its git is real git over HTTP",
  "Cloudflare by an emulator; an edge proxy follows its records in place of name servers and caches",
  "the Pulumi providers aws, vercel, github and cloudflare by small ones that speak to those services; the engine and provider recovery are the real ones",
  "network distance: everything is on this machine",
] as const;

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
  const { startedAt, stepsBefore, backup, loss, ...rest } = found;
  return {
    ...rest,
    formatVersion: 1,
    ok: isKept(found),
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
    steps: [...company.steps, ...steps.records.slice(stepsBefore)],
    simulated: [...SIMULATED],
  };
}
