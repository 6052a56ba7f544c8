import { z } from "zod";

import { PromiseError } from "../../../services/common/errors.ts";
import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { type Visitor, visitorOf } from "../company/visitor.ts";
import { type ResourceTiming, up } from "../stage/stacks.ts";

/** Higher than the primary's, so that the standby may take the public name. */
const RECOVERY_GENERATION = 2;

/** The stack's output about each part outside the database, by name. */
export const partsBeside = z.record(
  z.string(),
  z.object({ state: z.string(), from: z.array(z.object({ backupId: z.string(), count: z.number() })) }),
);

const recoveredOutputs = z.object({
  databaseUrl: z.string(),
  supabaseRef: z.string(),
  restore: z.object({
    backupId: z.string(),
    snapshotAt: z.coerce.date(),
    phases: z.array(z.object({ name: z.string(), durationMs: z.number() })),
    notes: z.array(z.string()),
    parts: partsBeside,
  }),
  /** The parts of the primary that were stopped, or why not. */
  fence: z.array(z.object({ part: z.string(), fenced: z.boolean(), reason: z.string() })),
  deployment: z.object({ commit: z.string() }),
});

type Outputs = z.infer<typeof recoveredOutputs>;

/** The result of the single `up`, and its times: the stack's outputs, with those of the restore beside them. */
export interface Recovered extends Omit<Outputs, "restore">, Pick<Outputs["restore"], "backupId" | "snapshotAt"> {
  /** The notes in the stack's output. */
  notes: string[];
  /** The parts outside the database in the stack's output. */
  parts: z.infer<typeof partsBeside>;
  /** Warnings that stay on the terminal after the `up`. */
  warnings: string[];
  databaseAt: Date;
  applicationAt: Date;
  phases: { name: string; durationMs: number }[];
}

/** Recovers with one `pulumi up` of the standby in mode `active`, while a visitor keeps trying the public name. */
export async function recover(context: DrillContext, company: Company): Promise<Recovered> {
  const { steps, engine, clock } = context;
  const { standby } = company;
  const visitor = visitorOf(context);
  return steps.run("pulumi up dr (active): the recovery", async () => {
    await standby.setConfig("castchat-recovery:mode", { value: "active" });
    await standby.setConfig("castchat-recovery:generation", { value: String(RECOVERY_GENERATION) });
    const watch = new AbortController();
    const firstAnswer = watchForAnswer(visitor, clock, watch.signal);
    try {
      const result = await up(standby, engine, clock);
      const { restore, ...outputs } = recoveredOutputs.parse(result.outputs);
      const restored = result.timings.find((one) => one.type === "recovery:index:DatabaseRestore");
      if (!restored) throw new PromiseError("The up has restored no database.");
      return {
        ...outputs,
        ...restore,
        warnings: result.warnings,
        databaseAt: restored.finishedAt,
        applicationAt: await answeredWithin(firstAnswer, 10_000),
        phases: phasesOf(result.timings, restore.phases),
      };
    } finally {
      watch.abort();
    }
  });
}

/** The first instant at which the public name answers healthily. */
async function watchForAnswer(visitor: Visitor, clock: () => Date, signal: AbortSignal): Promise<Date | undefined> {
  while (!signal.aborted) {
    const status = await visitor.health().then(
      (health) => health.status,
      () => 0, // nothing answers yet: that is what is waited for
    );
    if (status === 200) return clock();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}

async function answeredWithin(answer: Promise<Date | undefined>, limitMs: number): Promise<Date> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, limitMs, undefined).unref());
  const at = await Promise.race([answer, late]);
  if (!at) throw new PromiseError(`${SANDBOX_NAMES.publicName} does not answer although the up has succeeded.`);
  return at;
}

/** What the resources of provider `recovery` do. */
const RESOURCES: Readonly<Record<string, string>> = {
  MirrorProject: "make the mirror on GitLab",
  Generations: "note the generation",
  SealedEnvironment: "open the app's sealed variables",
  PrimaryFence: "stop what is left of the primary",
  DatabasePassword: "make the database's password",
  SupabaseProject: "make the Supabase project",
  AppEnvironment: "set the app's variables",
  AppDeployment: "deploy the app, until it is healthy",
  ProbeName: "keep the probe name",
  TrafficCheck: "prove that every public name could move",
  TrafficSwitch: "move the public name",
};

/** The restore's own phases in place of its total, and the other resources of provider `recovery` by their time in the engine. */
function phasesOf(timings: readonly ResourceTiming[], restore: Recovered["phases"]): Recovered["phases"] {
  return timings
    .filter((one) => one.type.startsWith("recovery:index:"))
    .sort((a, b) => a.finishedAt.getTime() - b.finishedAt.getTime())
    .flatMap((one) => {
      const type = one.type.replace("recovery:index:", "");
      if (type === "DatabaseRestore") return restore.map((phase) => ({ ...phase, name: `restore: ${phase.name}` }));
      return [{ name: RESOURCES[type] ?? type, durationMs: one.finishedAt.getTime() - one.startedAt.getTime() }];
    });
}
