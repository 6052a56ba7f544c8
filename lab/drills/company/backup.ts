import { z } from "zod";

import { PromiseError } from "../../../services/common/errors.ts";
import { castchatRecovery } from "../stage/commandLine.ts";
import type { DrillContext } from "./context.ts";

/** The output of `castchat-recovery backup --json`. */
const backupAnswer = z.object({
  backupId: z.string(),
  snapshotAt: z.coerce.date(),
  durationMs: z.number(),
  storedBytes: z.number().int(),
});
const listAnswer = z.array(z.object({ backupId: z.string(), proven: z.boolean() }));

/** A backup that the standby's vault also holds. */
export interface TakenBackup {
  id: string;
  snapshotAt: Date;
  durationMs: number;
  storedBytes: number;
  /** From the end of the run until the standby's vault shows the whole backup as proven, in milliseconds. */
  replicatedAfterMs: number;
}

/** S3 replicates 99.99 % of objects in 15 minutes (Replication Time Control). A drill that waits longer has failed. */
const LONGEST_REPLICATION_MS = 15 * 60_000;

/** Takes a backup with the shipped command and waits until the standby's own vault holds it. */
export async function backUp(context: DrillContext): Promise<TakenBackup> {
  const { steps, engine, clock } = context;
  const taken = await steps.run("Back up", async () =>
    backupAnswer.parse(await castchatRecovery(["backup", "--stack", "prod"], engine)),
  );
  const done = clock().getTime();
  await steps.run("Wait for the replica", async (say) => {
    for (;;) {
      const seen = listAnswer.parse(await castchatRecovery(["list", "--stack", "dr"], engine));
      if (seen.some((one) => one.backupId === taken.backupId && one.proven)) return;
      if (clock().getTime() - done > LONGEST_REPLICATION_MS) {
        throw new PromiseError(`The standby's vault does not hold ${taken.backupId} 15 minutes after the run.`);
      }
      say("not there yet");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
  return {
    id: taken.backupId,
    snapshotAt: taken.snapshotAt,
    durationMs: taken.durationMs,
    storedBytes: taken.storedBytes,
    replicatedAfterMs: clock().getTime() - done,
  };
}
