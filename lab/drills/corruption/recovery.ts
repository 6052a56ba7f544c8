import { z } from "zod";

import { demoUser } from "../../sandbox/sample/demoUser.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { findPosts } from "../company/database.ts";
import { readProject } from "../company/projectContent.ts";
import type { Visitor } from "../company/visitor.ts";
import { compareSnapshots, differencesInWords } from "../compare/compare.ts";
import { compareProjects } from "../compare/compareProjects.ts";
import type { ProjectSnapshot } from "../compare/projectSnapshot.ts";
import { takeSnapshot } from "../compare/snapshot.ts";
import type { DatabaseSnapshot } from "../compare/types.ts";
import { type Check, type RecordCheck, recordIn } from "../report/report.ts";
import { castchatRecovery, runCastchatRecovery } from "../stage/commandLine.ts";
import { assessmentSchema, judgeAssessment } from "./assessment.ts";
import type { Damage } from "./damage.ts";

/** The company whose database is damaged, and what the recovery needs. */
export interface CorruptedCompany {
  company: Company;
  visitor: Visitor;
  /** A login from before the damage. */
  token: string;
  damage: Damage;
  backupId: string;
  /** The drill's own snapshot, taken before the backup while nothing was written. */
  before: DatabaseSnapshot;
  /** The project's content outside its database at that time. */
  contentBefore: ProjectSnapshot;
  /** Runs between the restore and its verification. A test damages the result here. */
  afterRestore?: (() => Promise<void>) | undefined;
}

/** The recovered database, and the findings on the way. */
export interface Repaired {
  checks: Check[];
  after: DatabaseSnapshot;
  allowedAt: Date;
  phases: { name: string; durationMs: number }[];
}

/**
 * Stops writes, assesses, restores, verifies, tests auth and allows writes, by the shipped commands and in the order of docs/runbook.md.
 */
export async function repair(context: DrillContext, corrupted: CorruptedCompany): Promise<Repaired> {
  const { clock, steps } = context;
  const checks: Check[] = [];
  const phases: Repaired["phases"] = [];
  const phase = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = clock().getTime();
    const result = await steps.run(name, work);
    phases.push({ name, durationMs: clock().getTime() - started });
    return result;
  };
  const check = recordIn(checks);
  await phase("Stop writes", () => stopWrites(context, corrupted, check));
  await phase("Assess the damage", () => assessDamage(context, corrupted, checks));
  phases.push(...(await phase("Restore in place", () => restoreInPlace(context, corrupted, check))));
  await corrupted.afterRestore?.();
  const after = await phase("Verify the database", () => verify(context, corrupted, checks));
  await phase("Test authentication", () => testAuthentication(context, corrupted, check));
  await phase("Allow writes", () => castchatRecovery(["writes", "allow", "--stack", "prod"], context.engine));
  const allowedAt = clock();
  await steps.run("Write as a visitor", () => writeAgain(corrupted, check, clock()));
  return { checks, after, allowedAt, phases };
}

async function stopWrites(context: DrillContext, corrupted: CorruptedCompany, check: RecordCheck): Promise<void> {
  const { visitor, token, company } = corrupted;
  await castchatRecovery(["writes", "stop", "--stack", "prod"], context.engine);
  const title = `Written while stopped ${context.clock().toISOString()}`;
  const written = await visitor.write(token, { title, body: "must not be stored" });
  const stored = await findPosts(company.primaryOutputs.databaseUrl, title);
  check(
    "while writes are stopped a visitor's post is refused and not stored",
    written.status >= 400 && stored.length === 0,
    `status ${written.status}`,
  );
  const read = await visitor.posts(undefined, 5);
  check("the app's own connection as the database's owner still reads", read.status === 200, `status ${read.status}`);
}

async function assessDamage(context: DrillContext, corrupted: CorruptedCompany, checks: Check[]): Promise<void> {
  const { exitCode, answer } = await runCastchatRecovery(["assess", "--stack", "prod"], context.engine, [0, 1]);
  checks.push(...judgeAssessment(assessmentSchema.parse(answer), corrupted.damage, corrupted.backupId));
  recordIn(checks)(
    "the assessment exits with 1, because something is missing",
    exitCode === 1,
    `exit code ${exitCode}`,
  );
}

const restoreAnswer = z.object({
  backupId: z.string(),
  phases: z.array(z.object({ name: z.string(), durationMs: z.number() })),
});

/** The shipped restore over the live database, confirmed as an engineer would. */
async function restoreInPlace(
  context: DrillContext,
  { backupId, company }: CorruptedCompany,
  check: RecordCheck,
): Promise<Repaired["phases"]> {
  const { databaseUrl } = company.primaryOutputs;
  const { host, pathname } = new URL(databaseUrl);
  const restored = restoreAnswer.parse(
    await castchatRecovery(
      ["restore", "in-place", "--stack", "prod", "--confirm", host + pathname, "--backup", backupId],
      { ...context.engine, environment: { ...context.engine.environment, TARGET_DATABASE_URL: databaseUrl } },
    ),
  );
  check(
    "the command says that it has restored the backup that was taken",
    restored.backupId === backupId,
    restored.backupId,
  );
  return restored.phases.map((phase) => ({ ...phase, name: `restore: ${phase.name}` }));
}

async function verify(
  context: DrillContext,
  { company, before, contentBefore, backupId }: CorruptedCompany,
  checks: Check[],
): Promise<DatabaseSnapshot> {
  const after = await takeSnapshot(company.primaryOutputs.databaseUrl);
  const differences = compareSnapshots(before, after);
  const check = recordIn(checks);
  check(
    "every table, sequence, policy, trigger, function and grant is as before the damage",
    differences.length === 0,
    differencesInWords(differences, `${Object.keys(after.tables).length} tables compared`),
  );
  checks.push(...compareProjects(contentBefore, await readProject(context, company.primaryOutputs)));
  // By its id: the newest backup may be the safety backup of the damaged state.
  const { exitCode, answer } = await runCastchatRecovery(
    ["assess", "--stack", "prod", "--backup", backupId],
    context.engine,
    [0, 1],
  );
  const { isDamaged } = assessmentSchema.parse(answer);
  check("a second assessment finds nothing missing or altered", exitCode === 0 && !isDamaged, `exit code ${exitCode}`);
  return after;
}

/** Tests logins before writes are allowed, including the account whose password was altered. */
async function testAuthentication(
  context: DrillContext,
  corrupted: CorruptedCompany,
  check: RecordCheck,
): Promise<void> {
  const { visitor, token } = corrupted;
  const user = demoUser(DAMAGED_USER);
  const shutOut = await visitor.login(user.email, user.password);
  await castchatRecovery(["writes", "allow", "--auth-only", "--stack", "prod"], context.engine);
  const login = await visitor.login(user.email, user.password);
  check(
    "logins fail until `writes allow --auth-only`; then the user whose password was altered logs in with the old one",
    typeof shutOut === "number" && typeof login === "string",
    `${user.email}: status ${statusOf(shutOut)} before, ${statusOf(login)} after`,
  );
  const wrong = await visitor.login(user.email, "not theirs");
  check(
    "the password that the damage set is refused",
    typeof wrong === "number" && wrong >= 400 && wrong < 500,
    `status ${statusOf(wrong)}`,
  );
  const written = await visitor.write(token, { title: "While auth is tested", body: "must not be stored" });
  check("while auth is tested, writes are still refused", written.status >= 400, `status ${written.status}`);
}

/** The n-th demo user, whose password the damage alters. */
export const DAMAGED_USER = 2;

async function writeAgain({ visitor, company }: CorruptedCompany, check: RecordCheck, now: Date): Promise<void> {
  const user = demoUser(DAMAGED_USER);
  const token = await visitor.login(user.email, user.password);
  const title = `Written after the repair ${now.toISOString()} 復旧`;
  const written = await visitor.write(typeof token === "string" ? token : undefined, { title, body: "stored again" });
  const stored = await findPosts(company.primaryOutputs.databaseUrl, title);
  check(
    "writes allowed, a visitor's post is stored",
    written.status === 201 && stored.length === 1 && stored[0]?.author === user.id,
    `status ${written.status}`,
  );
}

function statusOf(answer: string | number): string {
  return typeof answer === "string" ? "200" : String(answer);
}
