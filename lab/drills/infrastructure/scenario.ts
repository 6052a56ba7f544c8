import { writeMoreRows } from "../../sandbox/sample/moreRows.ts";
import { backUp } from "../company/backup.ts";
import { changeCode, type Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { readProject } from "../company/projectContent.ts";
import { scenarioReport } from "../company/scenarioReport.ts";
import { awaitScheduledBackup } from "../company/scheduledBackup.ts";
import { sealVariables } from "../company/sealedVariables.ts";
import { takeSnapshot } from "../compare/snapshot.ts";
import type { DrillReport } from "../report/report.ts";
import { checkRecovered } from "./checks.ts";
import { destroyEverything } from "./disaster.ts";
import { judgeObjectives } from "./objectives.ts";
import { recover, type Recovered } from "./recovery.ts";

/** Name of the scenario, as the report shows it. */
const SCENARIO = "Complete infrastructure failure";

/** Posts written after the backup: the measured loss. */
const LATE_POSTS = 20;

/**
 * Destroys the whole infrastructure of a running company and recovers it. First a scheduled backup, a backup by hand and its replica; then
 * rows that no backup holds; then the loss of database, region, app, repository and state; then one `up` of the standby in mode `active`.
 * The checks read the recovered system. Two of them, which say so, and the time of the restored snapshot are from the stack's outputs.
 *
 * `afterRecovery` runs between the recovery and its checks: a test damages the result there.
 *
 * @throws PromiseError when a step fails; a broken promise is a report that is not ok
 */
export async function completeInfrastructureFailure(
  context: DrillContext,
  company: Company,
  options: { afterRecovery?: (recovered: Recovered) => Promise<void> } = {},
): Promise<DrillReport> {
  const { clock, steps } = context;
  const startedAt = clock();
  const stepsBefore = steps.records.length;
  const { databaseUrl } = company.primaryOutputs;
  const scheduled = await awaitScheduledBackup(context);
  const before = await steps.run("Take the drill's own snapshot of the data", () => takeSnapshot(databaseUrl));
  const contentBefore = await steps.run("Hash storage objects, functions, settings and secrets", () =>
    readProject(context, company.primaryOutputs),
  );
  await sealVariables(context);
  const backup = await backUp(context);
  const commits = await changeCode(context);
  const live = await steps.run("Write rows that no backup holds", async () => {
    await writeMoreRows(databaseUrl, { count: LATE_POSTS, at: clock() });
    return takeSnapshot(databaseUrl);
  });
  const loss = await destroyEverything(context, company);
  const recovered = await recover(context, company);
  await options.afterRecovery?.(recovered);
  const findings = await checkRecovered(context, { company, before, contentBefore, live, backup, commits, recovered });
  const objectives = judgeObjectives({
    lostAt: loss.at,
    databaseAt: recovered.databaseAt,
    applicationAt: recovered.applicationAt,
    finishedAt: clock(),
    snapshotAt: recovered.snapshotAt,
    configurationAt: findings.configurationAt,
    commitsLost: findings.commitsLost,
  });
  return scenarioReport(context, company, {
    scenario: SCENARIO,
    startedAt,
    stepsBefore,
    backup,
    loss,
    checks: [...scheduled, ...findings.results],
    objectives,
    lostRows: findings.lostRows,
    recoveryPhases: recovered.phases,
  });
}
