import { z } from "zod";

import { PromiseError } from "../../../services/common/errors.ts";
import { addressOf } from "../../sandbox/host/layout.ts";
import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { Visitor } from "../company/visitor.ts";
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
  fence: z.array(z.object({ part: z.string(), fenced: z.boolean(), reason: z.string() })),
  deployment: z.object({ commit: z.string() }),
});

/** The result of the single `up`, and its times. */
export interface Recovered {
  databaseUrl: string;
  supabaseRef: string;
  backupId: string;
  snapshotAt: Date;
  /** The commit that the program reports; the checks ask the app itself. */
  commit: string;
  /** The parts of the primary that were stopped, or why not. */
  fence: { part: string; fenced: boolean; reason: string }[];
  databaseAt: Date;
  applicationAt: Date;
  phases: { name: string; durationMs: number }[];
  /** The notes in the stack's output. */
  notes: string[];
  /** The parts outside the database in the stack's output. */
  parts: z.infer<typeof partsBeside>;
  /** Warnings that stay on the terminal after the `up`. */
  warnings: string[];
}

/** Recovers with one `pulumi up` of the standby in mode `active`, while a visitor keeps trying the public name. */
export async function recover(context: DrillContext, company: Company): Promise<Recovered> {
  const { steps, engine, clock, file } = context;
  const { standby } = company;
  const visitor = new Visitor(addressOf(file.ports, "edge"), SANDBOX_NAMES.publicName);
  return steps.run("pulumi up dr (active): the recovery", async () => {
    await standby.setConfig("castchat-recovery:mode", { value: "active" });
    await standby.setConfig("castchat-recovery:generation", { value: String(RECOVERY_GENERATION) });
    const watch = new AbortController();
    const firstAnswer = watchForAnswer(visitor, clock, watch.signal);
    try {
      const result = await up(standby, engine, clock);
      const outputs = recoveredOutputs.parse(result.outputs);
      const restored = result.timings.find((one) => one.type === "recovery:index:DatabaseRestore");
      if (!restored) throw new PromiseError("The up has restored no database.");
      return {
        databaseUrl: outputs.databaseUrl,
        supabaseRef: outputs.supabaseRef,
        backupId: outputs.restore.backupId,
        snapshotAt: outputs.restore.snapshotAt,
        notes: outputs.restore.notes,
        parts: outputs.restore.parts,
        warnings: result.warnings,
        commit: outputs.deployment.commit,
        fence: outputs.fence,
        databaseAt: restored.finishedAt,
        applicationAt: await answeredWithin(firstAnswer, 10_000),
        phases: phasesOf(result.timings, outputs.restore.phases),
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

/** The restore's own phases in place of its total, and the other resources of provider `recovery` by their time in the engine. */
function phasesOf(timings: readonly ResourceTiming[], restore: Recovered["phases"]): Recovered["phases"] {
  return timings
    .filter((one) => one.type.startsWith("recovery:index:"))
    .sort((a, b) => a.finishedAt.getTime() - b.finishedAt.getTime())
    .flatMap((one) => {
      const type = one.type.replace("recovery:index:", "");
      if (type === "DatabaseRestore") return restore.map((phase) => ({ ...phase, name: `restore: ${phase.name}` }));
      return [{ name: type, durationMs: one.finishedAt.getTime() - one.startedAt.getTime() }];
    });
}
