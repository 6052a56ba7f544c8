import { z } from "zod";

import { demoUser } from "../../sandbox/sample/demoUser.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { LIVE_APPS } from "../company/liveNames.ts";
import { scenarioReport } from "../company/scenarioReport.ts";
import { visitorOf } from "../company/visitor.ts";
import { type Check, type DrillReport, recordIn } from "../report/report.ts";
import { runCastchatRecovery } from "../stage/commandLine.ts";
import { noticeFault, visit } from "./access.ts";
import { FAULT_EVERY, faultyServer, MIGRATION, MIGRATION_FILE, noteMigration } from "./badRelease.ts";
import { judgeObjectives } from "./objectives.ts";
import { push, whilePushesAreBuilt } from "./pushes.ts";

/** Name of the scenario, as the report shows it. */
const SCENARIO = "Application deployment failure";

/** The app whose release is bad. */
const [APP] = LIVE_APPS;
/** How long each command watches the app, in seconds. */
const WATCH = "2";

const rollbackAnswer = z.object({ verdict: z.string(), from: z.string(), to: z.string(), undone: z.boolean() });
const revertAnswer = z.object({
  revert: z.object({ commit: z.string(), takenBack: z.array(z.string()), deploymentId: z.string() }),
  finish: z.object({ verdict: z.string(), followsBuilds: z.boolean() }),
});

/**
 * A release that answers 500 to a share of requests goes out by a push. It is noticed and rolled back by the shipped command; users have access;
 * the bad commit is taken back on the branch, and the next push is served again. The company continues to run afterwards.
 *
 * @throws PromiseError when a step fails; a broken promise is a report that is not ok
 */
export async function applicationDeploymentFailure(context: DrillContext, company: Company): Promise<DrillReport> {
  const { clock, steps, engine } = context;
  const startedAt = clock();
  const stepsBefore = steps.records.length;
  const { databaseUrl } = company.primaryOutputs;
  const visitor = visitorOf(context, APP.publicName);
  const checks: Check[] = [];
  const check = recordIn(checks);
  const phases: DrillReport["recoveryPhases"] = [];
  const phase = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = clock().getTime();
    const result = await steps.run(name, work);
    phases.push({ name, durationMs: clock().getTime() - started });
    return result;
  };
  const served = async () => (await visitor.health()).deployment;

  const good = await steps.run("Push a good release, with a migration", async () => {
    await noteMigration(databaseUrl);
    return push(context, APP, "Plan the topics of posts", { [MIGRATION_FILE]: `${MIGRATION};\n` });
  });
  const isServed = await served();
  check("a push is served by itself", isServed === good.deploymentId, `deployment ${isServed ?? "none"} answers`);
  const bad = await steps.run("Push a release that fails a share of requests", async () =>
    push(context, APP, "Answer faster", { "server.mjs": await faultyServer() }),
  );
  const lostAt = clock();
  const noticed = await phase("Notice it", () => noticeFault(visitor, engine.signal));
  check(
    "the bad release is served, its health is good, and requests fail",
    (await served()) === bad.deploymentId && noticed.bad > 0,
    `${noticed.bad} of ${noticed.readings} requests failed`,
  );

  const rolledBack = await phase("Roll back", () => command(context, [], rollbackAnswer));
  const accessed = await phase("Visit the app", () =>
    visit(visitor, databaseUrl, `Written after the rollback ${clock().toISOString()}`),
  );
  const accessAt = clock();
  check(
    "the command goes back to the release before the bad one, and finds it healthy",
    rolledBack.verdict === "healthy" && rolledBack.to === good.deploymentId && rolledBack.from === bad.deploymentId,
    `${rolledBack.verdict}: from ${rolledBack.from} to ${rolledBack.to}`,
  );
  const afterRollback = await served();
  check("the public name is served by it", afterRollback === good.deploymentId, `${afterRollback ?? "none"} answers`);
  check("users have access: login, readings and a post that is stored", accessed.ok, accessed.detail);

  const onTop = await steps.run("Push on top of the bad release", () =>
    push(context, APP, "Explain the topics", { "TOPICS.md": "Topics come next.\n" }),
  );
  check(
    "a push that still holds the bad commit is built, and does not reach visitors",
    (await served()) === good.deploymentId,
    `deployment ${onTop.deploymentId} waits`,
  );
  const ended = await phase("Take the bad commit back", () =>
    whilePushesAreBuilt(context, APP, () => command(context, ["--revert-commit"], revertAnswer)),
  );
  check(
    "the revert takes back the bad commit only, and ends the rollback",
    ended.revert.takenBack.join() === bad.commit && ended.finish.verdict === "healthy" && ended.finish.followsBuilds,
    `commit ${ended.revert.commit.slice(0, 8)}, deployment ${ended.revert.deploymentId}`,
  );
  const onRevert = await served();
  check(
    "the deployment of the revert serves the public name",
    onRevert === ended.revert.deploymentId,
    `${onRevert ?? "none"} answers`,
  );
  const next = await steps.run("Push the next good release", () =>
    push(context, APP, "Say that topics are back", { "TOPICS.md": "Topics are here.\n" }),
  );
  const last = await steps.run("Visit the app again", () =>
    visit(visitor, databaseUrl, `Written after the next release ${clock().toISOString()}`),
  );
  check(
    "the next push is served by itself again, and users have access",
    (await served()) === next.deploymentId && last.ok,
    `deployment ${next.deploymentId}: ${last.detail}`,
  );
  return scenarioReport(context, company, {
    scenario: SCENARIO,
    startedAt,
    stepsBefore,
    loss: {
      at: lostAt,
      destroyed: [`a release of ${APP.publicName} that answers 500 to one request of ${FAULT_EVERY}`],
    },
    checks,
    objectives: judgeObjectives({ lostAt, accessAt }),
    lostRows: [],
    recoveryPhases: phases,
  });
}

/** The shipped command, agreed to and with what it asks of the engineer's machine: a password, and who commits. */
async function command<T>({ engine }: DrillContext, more: readonly string[], answer: z.ZodType<T>): Promise<T> {
  const environment = {
    ...engine.environment,
    CASTCHAT_PROBE_PASSWORD: demoUser(1).password,
    GIT_AUTHOR_NAME: "An engineer on call",
    GIT_AUTHOR_EMAIL: "oncall@castchat.example",
  };
  const args = ["rollback", "--stack", "prod", "--app", APP.project, "--yes", "--watch", WATCH, ...more];
  return answer.parse((await runCastchatRecovery(args, { ...engine, environment }, [0, 1])).answer);
}
