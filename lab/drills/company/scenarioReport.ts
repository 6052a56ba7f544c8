import { type DrillReport, isKept } from "../report/report.ts";
import type { TakenBackup } from "./backup.ts";
import type { Company } from "./company.ts";
import type { DrillContext } from "./context.ts";

/** The replacements of real services in the sandbox, and what they leave open. Every report lists them. */
const NOT_TESTED: DrillReport["notTested"] = [
  {
    part: "AWS",
    standIn:
      "ministack behind one gateway a region; a lost region is a gateway that no longer listens; the root user acts as an engineer",
    notTested: "logs that CloudTrail delivers, the caller's rights in KMS when S3 encrypts, MFA codes, quotas",
  },
  {
    part: "CodeBuild, EventBridge Scheduler",
    standIn: "processes of this machine with the rights of the build's role; the scheduler's clock is advanced",
    notTested: "containers and their images, waiting for a place in the queue",
  },
  {
    part: "Supabase",
    standIn:
      "emulators of its Management API, auth and storage; each project is a real Postgres 17 server, made in seconds",
    notTested:
      "edge functions that run, the minutes that a project takes, the limits of plans, a pooler's shared host and TLS",
  },
  {
    part: "Vercel",
    standIn: "an emulator; deployments are real processes, built without a build step",
    notTested: "builds, frameworks, the edge network; the drill itself builds what is pushed",
  },
  {
    part: "GitHub",
    standIn: "its API by an emulator; real git over HTTP",
    notTested: "rights of tokens, limits, protected branches",
  },
  {
    part: "Cloudflare",
    standIn: "an emulator; an edge proxy follows its records in place of name servers",
    notTested: "caches of resolvers, and how long a change takes to reach them",
  },
  {
    part: "Pulumi's providers aws, vercel, github, cloudflare",
    standIn: "small ones that speak to those services; the engine and provider recovery are the real ones",
    notTested: "the official plugins",
  },
  { part: "the network", standIn: "everything is on this machine", notTested: "distance and bandwidth" },
  {
    part: "real accounts",
    standIn: "none was used",
    notTested: "everything of docs/accounts.md that only they can show",
  },
];

/** The findings of a scenario; the rest of its report is the same for all. */
export interface ScenarioFindings extends Pick<
  DrillReport,
  "scenario" | "checks" | "objectives" | "lostRows" | "recoveryPhases"
> {
  startedAt: Date;
  /** Number of steps before the scenario's first step. */
  stepsBefore: number;
  /** Not set for a scenario whose recovery needs none. */
  backup?: TakenBackup;
  loss: { at: Date; destroyed: string[] };
}

/** The report of a scenario, with its own steps and those that built its company. */
export function scenarioReport({ clock, steps }: DrillContext, company: Company, found: ScenarioFindings): DrillReport {
  const { startedAt, stepsBefore, backup, loss, ...rest } = found;
  const checks = [...company.siteChecks, ...found.checks];
  return {
    ...rest,
    checks,
    formatVersion: 2,
    ok: isKept({ ...found, checks }),
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    data: company.size,
    ...(backup && {
      backup: {
        id: backup.id,
        snapshotAt: backup.snapshotAt.toISOString(),
        storedBytes: backup.storedBytes,
        durationMs: backup.durationMs,
        replicatedAfterMs: backup.replicatedAfterMs,
      },
    }),
    loss: { at: loss.at.toISOString(), destroyed: loss.destroyed },
    steps: [...company.steps, ...steps.records.slice(stepsBefore)],
    notTested: NOT_TESTED,
    madeBy: company.madeBy,
  };
}
