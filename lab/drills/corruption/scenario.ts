import { PromiseError } from "../../../services/common/errors.ts";
import { demoUser } from "../../sandbox/sample/demoUser.ts";
import { writeMoreRows } from "../../sandbox/sample/moreRows.ts";
import { backUp } from "../company/backup.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { readProject } from "../company/projectContent.ts";
import { scenarioReport } from "../company/scenarioReport.ts";
import { type Visitor, visitorOf } from "../company/visitor.ts";
import { lostRows } from "../compare/compare.ts";
import { takeSnapshot } from "../compare/snapshot.ts";
import type { DrillReport } from "../report/report.ts";
import { corrupt, damageInWords, newestPost } from "./damage.ts";
import { judgeObjectives } from "./objectives.ts";
import { DAMAGED_USER, repair } from "./recovery.ts";

/** Name of the scenario, as the report shows it. */
const SCENARIO = "Database corruption";

/** Posts written between the backup and the damage: the measured loss. */
const LATE_POSTS = 20;

/**
 * Damages the live database and repairs it in place: a backup, rows that no backup holds, silently altered rows and a dropped table; then
 * the runbook's steps. Every check reads the system itself. The company continues to run afterwards.
 *
 * @throws PromiseError when a step fails; a broken promise is a report that is not ok
 */
export async function databaseCorruption(
  context: DrillContext,
  company: Company,
  options: { afterRestore?: () => Promise<void> } = {},
): Promise<DrillReport> {
  const { clock, steps } = context;
  const startedAt = clock();
  const stepsBefore = steps.records.length;
  const { databaseUrl } = company.primaryOutputs;
  const visitor = visitorOf(context);
  const token = await steps.run("Log in before the damage", () => logIn(visitor));
  const before = await steps.run("Take the drill's own snapshot of the data", () => takeSnapshot(databaseUrl));
  const contentBefore = await steps.run("Hash storage objects, functions, settings and secrets", () =>
    readProject(context, company.primaryOutputs),
  );
  const lastPost = await newestPost(databaseUrl);
  const backup = await backUp(context);
  const live = await steps.run("Write rows that no backup holds", async () => {
    await writeMoreRows(databaseUrl, { count: LATE_POSTS, at: clock() });
    return takeSnapshot(databaseUrl);
  });
  const damage = await steps.run("Alter rows and drop a table", () =>
    corrupt(databaseUrl, { email: demoUser(DAMAGED_USER).email, lastPost }),
  );
  const lostAt = clock();
  const repaired = await repair(context, {
    company,
    visitor,
    token,
    damage,
    backupId: backup.id,
    before,
    contentBefore,
    afterRestore: options.afterRestore,
  });
  const objectives = judgeObjectives({ lostAt, allowedAt: repaired.allowedAt, snapshotAt: backup.snapshotAt });
  return scenarioReport(context, company, {
    scenario: SCENARIO,
    startedAt,
    stepsBefore,
    backup,
    loss: { at: lostAt, destroyed: damageInWords(damage) },
    checks: repaired.checks,
    objectives,
    lostRows: lostRows(live, repaired.after),
    recoveryPhases: repaired.phases,
  });
}

async function logIn(visitor: Visitor): Promise<string> {
  const user = demoUser(1);
  const token = await visitor.login(user.email, user.password);
  if (typeof token !== "string")
    throw new PromiseError(`${user.email} cannot log in before the damage: status ${token}.`);
  return token;
}
