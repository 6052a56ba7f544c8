import { z } from "zod";
import { PromiseError } from "../../clients/errors.ts";
import { advanceScheduler } from "../../sandbox/control.ts";
import { castchatRecovery } from "../commandLine.ts";
import type { Check } from "../report/report.ts";
import type { DrillContext } from "./context.ts";

const scheduleAnswer = z.object({
  expression: z.string(),
  runs: z.array(z.object({ id: z.string(), status: z.string(), reason: z.string().optional() })),
});
const listAnswer = z.array(z.object({ backupId: z.string(), proven: z.boolean() }));

/** The default interval, which the shipped settings have. */
const INTERVAL_HOURS = 6;
const LONGEST_RUN_MS = 3 * 60_000;

/**
 * Lets the time between two runs pass for the schedule alone, and waits until the run that it starts has ended. That its backup is there
 * and proven is read from the vault, not from the run's own words.
 */
export async function awaitScheduledBackup(context: DrillContext): Promise<Check> {
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
        return {
          name: "the schedule has fired, and its run has stored a proven backup",
          ok: before.runs.length === 0 && fresh.length === 1 && proven.length === 1,
          detail: `${expression}: ${proven.join(", ") || "none"}`,
        };
      }
      if (clock().getTime() - since > LONGEST_RUN_MS) {
        throw new PromiseError("The schedule's time has come 3 minutes ago, and no run has ended.");
      }
      say(run === undefined ? "waiting for it to fire" : "running");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
}
