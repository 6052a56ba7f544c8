import { isDeepStrictEqual } from "node:util";

import { z } from "zod";

import { pulumiClient } from "../../../recovery/pulumi/pulumi.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { advanceScheduler } from "../../sandbox/control.ts";
import type { Check } from "../report/report.ts";
import { castchatRecovery } from "../stage/commandLine.ts";
import type { DrillContext } from "./context.ts";

const scheduleAnswer = z.object({
  expression: z.string(),
  runs: z.array(z.object({ id: z.string(), status: z.string(), reason: z.string().optional() })),
});
const resources = z.object({ deployment: z.object({ resources: z.array(z.object({ urn: z.string() })) }) });
const configurationAnswer = z.object({ stackState: resources });
const listAnswer = z.array(z.object({ backupId: z.string(), proven: z.boolean() }));

/** The default interval of the shipped settings. */
const INTERVAL_HOURS = 6;
const LONGEST_RUN_MS = 3 * 60_000;

/**
 * Advances only the schedule's clock by an interval, and waits for the end of the run that it starts. The backup, its proof and its Pulumi
 * state are then read from the vault, not from the run's own output.
 */
export async function awaitScheduledBackup(context: DrillContext): Promise<Check[]> {
  const { steps, engine, clock, home } = context;
  const ask = async () => scheduleAnswer.parse(await castchatRecovery(["schedule", "--stack", "prod"], engine));
  const listProven = async () =>
    listAnswer
      .parse(await castchatRecovery(["list", "--stack", "prod"], engine))
      .filter((one) => one.proven)
      .map((one) => one.backupId);
  return steps.run("The schedule fires and its run backs up", async (say) => {
    const before = await ask();
    const known = await listProven();
    await advanceScheduler(home, INTERVAL_HOURS * 3600);
    const since = clock().getTime();
    for (;;) {
      const { expression, runs } = await ask();
      const fresh = runs.filter(({ id }) => !before.runs.some((one) => one.id === id));
      const [run] = fresh;
      if (run !== undefined && run.status !== "IN_PROGRESS") {
        if (run.status !== "SUCCEEDED") {
          throw new PromiseError(`The scheduled run ended with ${run.status}: ${run.reason ?? "its log says why"}.`);
        }
        const proven = (await listProven()).filter((backupId) => !known.includes(backupId));
        const isStored = before.runs.length === 0 && fresh.length === 1 && proven.length === 1;
        return [
          {
            name: "the schedule has fired, and its run has stored a proven backup",
            ok: isStored,
            detail: `${expression}: ${proven.join(", ") || "none"}`,
          },
          ...(isStored ? [await checkState(context, proven[0] ?? "")] : []),
        ];
      }
      if (clock().getTime() - since > LONGEST_RUN_MS) {
        throw new PromiseError("The schedule was due 3 minutes ago, and no run has ended.");
      }
      say(run === undefined ? "waiting for it to fire" : "running");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
}

/** Whether a backup contains the state that the engine exports: every resource, and no other. */
async function checkState({ engine }: DrillContext, backupId: string): Promise<Check> {
  const urnsIn = (state: z.output<typeof resources>) => state.deployment.resources.map(({ urn }) => urn).sort();
  const answer = await castchatRecovery(["config", "show", backupId, "--stack", "prod"], engine);
  const stored = urnsIn(configurationAnswer.parse(answer).stackState);
  const { workspace, environment } = engine;
  const exported = await pulumiClient({ stack: "prod", workspace, environment }).exportState();
  const live = urnsIn(resources.parse(JSON.parse(exported)));
  return {
    name: "the scheduled run's backup holds Pulumi's state",
    ok: live.length > 0 && isDeepStrictEqual(stored, live),
    detail: `${stored.length} resources, of ${live.length} that the engine exports`,
  };
}
