import { isDeepStrictEqual } from "node:util";

import { z } from "zod";

import type { DrillContext } from "../company/context.ts";
import { takeObjects } from "../compare/snapshot.ts";
import { type DatabaseSnapshot, HELD_BACK } from "../compare/types.ts";
import type { RecordCheck } from "../report/report.ts";
import { castchatRecovery } from "../stage/commandLine.ts";
import type { Recovered } from "./recovery.ts";

const releaseAnswer = z.object({ items: z.array(z.object({ kind: z.string(), name: z.string(), state: z.string() })) });

/**
 * Checks that the recovered database has neither a scheduled job nor a published table. Then releases them with the shipped command, and
 * checks that all are as before the loss and that a second release changes nothing.
 */
export async function checkRelease(
  context: DrillContext,
  expected: { before: DatabaseSnapshot; recovered: Recovered },
  after: DatabaseSnapshot,
  check: RecordCheck,
): Promise<void> {
  const { before, recovered } = expected;
  const jobs = Object.keys(before.objects["scheduled job"]).length;
  const publications = Object.keys(before.objects.publication);
  const publish = Object.values(after.objects.publication).filter((definition) => / tables|;/.test(definition));
  const isHeld = Object.keys(after.objects["scheduled job"]).length === 0 && publish.length === 0;

  const release = async () =>
    releaseAnswer.parse(await castchatRecovery(["resume-jobs", "--stack", "dr"], context.engine)).items;
  const released = await release();
  const now = await takeObjects(recovered.databaseUrl, HELD_BACK);
  const isAsBefore = HELD_BACK.every((kind) => isDeepStrictEqual(now[kind], before.objects[kind]));
  const again = await release();
  const isDone = again.length === released.length && again.every(({ state }) => state === "there already");
  check(
    "scheduled jobs and publications are held back until released, then are as before",
    jobs > 0 && publications.length > 0 && isHeld && isAsBefore && isDone,
    [
      isHeld ? "none was active after the recovery" : "some were active before the release",
      `${released.filter(({ state }) => state === "released").length} released`,
      isAsBefore ? `${jobs} jobs and the publications ${publications.join(", ")} as before` : "they are not as before",
      isDone ? "a second release changes nothing" : "a second release changed something",
    ].join("; "),
  );
}
