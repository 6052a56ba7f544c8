import { z } from "zod";

import { addressOf } from "../../sandbox/host/layout.ts";
import { demoUser } from "../../sandbox/sample/demoUser.ts";
import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";
import type { TakenBackup } from "../company/backup.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import { findPosts } from "../company/database.ts";
import { readProject } from "../company/projectContent.ts";
import { visitorOf } from "../company/visitor.ts";
import { compareSnapshots, differencesInWords, lostRows } from "../compare/compare.ts";
import { compareProjects } from "../compare/compareProjects.ts";
import type { ProjectSnapshot } from "../compare/projectSnapshot.ts";
import { takeSnapshot } from "../compare/snapshot.ts";
import { type DatabaseSnapshot, isHeldBack, type LostRows } from "../compare/types.ts";
import { type Check, type RecordCheck, recordIn } from "../report/report.ts";
import { castchatRecovery } from "../stage/commandLine.ts";
import { up } from "../stage/stacks.ts";
import { checkNotes } from "./notesCheck.ts";
import type { Recovered } from "./recovery.ts";
import { checkRelease } from "./releaseCheck.ts";
import { answers } from "./signsOfLife.ts";
import { checkVariables } from "./variablesCheck.ts";

/** The expected state of the recovered system. */
export interface Expected {
  company: Company;
  /** The drill's own snapshot, taken before the backup while nothing was written. */
  before: DatabaseSnapshot;
  /** The content of the lost primary's project outside its database, read at that time. */
  contentBefore: ProjectSnapshot;
  /** A snapshot right before the loss, including later rows. */
  live: DatabaseSnapshot;
  backup: TakenBackup;
  /** The newest commit of each public name's lost repository. */
  commits: ReadonlyMap<string, string>;
  recovered: Recovered;
}

/** The findings of the checks. */
export interface Findings {
  results: Check[];
  lostRows: LostRows[];
  configurationAt: Date;
  commitsLost: number;
}

/**
 * Reads the recovered system: its data, its auth, its app under the public name, its configuration. Also checks that a second `up` changes
 * nothing.
 */
export async function checkRecovered(context: DrillContext, expected: Expected): Promise<Findings> {
  const { steps, file } = context;
  const { recovered, company } = expected;
  const results: Check[] = [];
  const check = recordIn(results);

  const after = await steps.run("Compare every table and object", () => takeSnapshot(recovered.databaseUrl));
  const differences = compareSnapshots(expected.before, after).filter(({ kind }) => !isHeldBack(kind));
  check(
    "every table, sequence, policy, trigger, function and grant is as in the snapshot",
    differences.length === 0,
    differencesInWords(
      differences,
      `${Object.keys(after.tables).length} tables and ${countObjects(after)} objects compared`,
    ),
  );
  const contentAfter = await steps.run("Compare storage objects, functions, settings and secrets", () =>
    readProject(context, recovered),
  );
  results.push(...compareProjects(expected.contentBefore, contentAfter));
  check(
    "the stack says that it has restored the backup that was taken",
    recovered.backupId === expected.backup.id,
    recovered.backupId,
  );

  check(
    "the stack says how it tried to stop what was left of the primary",
    ["application", "database"].every((part) => recovered.fence.some((one) => one.part === part)),
    recovered.fence.map((one) => `${one.part}: ${one.reason}`).join("; "),
  );

  await steps.run("Read the recovery's notes", () => checkNotes(context, expected, check));

  await steps.run("Use the recovered app as a visitor", () => checkAsVisitor(context, expected, check));

  await steps.run("Release scheduled jobs and publications", () => checkRelease(context, expected, after, check));

  await steps.run("Read the recovered apps' variables", () => checkVariables(context, company, check));

  const regionAnswers = await answers(addressOf(file.ports, "awsPrimary"));
  check(
    "the recovery needed nothing of the lost region",
    !regionAnswers,
    regionAnswers ? "it answers" : "it still does not answer",
  );

  const again = await steps.run("A second pulumi up changes nothing", () =>
    up(company.standby, context.engine, context.clock),
  );
  const changed = Object.entries(again.changes).filter(([kind, count]) => kind !== "same" && (count ?? 0) > 0);
  check(
    "a second up changes nothing, with new rows in the database",
    changed.length === 0,
    changed.length === 0
      ? `${again.changes["same"] ?? 0} resources the same`
      : JSON.stringify(Object.fromEntries(changed)),
  );

  const configurationAt = await steps.run("Read the stored configuration", () =>
    checkConfiguration(context, recovered.backupId, check),
  );
  const deployed = await Promise.all(
    [...expected.commits].map(async ([name, commit]) => (await visitorOf(context, name).health()).commit === commit),
  );
  return {
    results,
    lostRows: lostRows(expected.live, after),
    configurationAt,
    commitsLost: deployed.filter((isNewest) => !isNewest).length,
  };
}

async function checkAsVisitor(
  context: DrillContext,
  { commits, recovered }: Expected,
  check: RecordCheck,
): Promise<void> {
  const visitor = visitorOf(context);
  for (const [publicName, commit] of commits) {
    const health = await visitorOf(context, publicName).health();
    check(
      `${publicName} leads to the recovered app, built from the newest commit`,
      health.status === 200 && health.commit === commit,
      `health ${health.status}, commit ${health.commit?.slice(0, 8) ?? "unknown"}`,
    );
  }
  const user = demoUser(1);
  const token = await visitor.login(user.email, user.password);
  check(
    "a user logs in with the old password",
    typeof token === "string",
    typeof token === "string" ? user.email : `status ${token}`,
  );
  const wrong = await visitor.login(user.email, "not-the-password");
  check(
    "a wrong password is refused",
    typeof wrong === "number" && wrong >= 400 && wrong < 500,
    `status ${String(wrong).slice(0, 3)}`,
  );
  if (typeof token !== "string") return;

  const read = await visitor.posts(token, 5);
  const posts = Array.isArray(read.body)
    ? read.body.length
    : (z.object({ posts: z.array(z.unknown()) }).safeParse(read.body).data?.posts.length ?? 0);
  check("posts are read through the app", read.status === 200 && posts > 0, `status ${read.status}, ${posts} posts`);

  const title = `Written after the recovery ${context.clock().toISOString()} 復旧`;
  const anonymous = await visitor.write(undefined, { title, body: "must not be stored" });
  const written = await visitor.write(token, { title, body: "stored by the recovered app" });
  const stored = await findPosts(recovered.databaseUrl, title);
  check(
    "a post is written through the app and found in the database",
    written.status === 201 && stored[0]?.author === user.id,
    `status ${written.status}`,
  );
  check(
    "writing without a login is refused",
    anonymous.status === 401 && stored.length === 1,
    `status ${anonymous.status}`,
  );
}

/** The parts of the primary's app in a configuration backup. */
const APPLICATION = "application castchat";
const REPOSITORY = `repository ${SANDBOX_NAMES.repository}` as const;

const configurationAnswer = z.object({
  takenAt: z.coerce.date(),
  missing: z.array(z.object({ part: z.string(), reason: z.string() })),
  [APPLICATION]: z.object({ variables: z.array(z.object({ key: z.string() })) }),
  dns: z.object({ records: z.array(z.object({ name: z.string(), type: z.string() })) }),
  [REPOSITORY]: z.object({ fullName: z.string() }).optional(),
  stackState: z.object({ deployment: z.object({ resources: z.array(z.unknown()) }) }).optional(),
});

async function checkConfiguration(context: DrillContext, backupId: string, check: RecordCheck): Promise<Date> {
  const stored = configurationAnswer.parse(
    await castchatRecovery(["config", "show", backupId, "--stack", "dr"], context.engine),
  );
  const variables = stored[APPLICATION].variables.map((one) => one.key);
  const complete = ["DATABASE_URL", "SUPABASE_URL", "SUPABASE_ANON_KEY"].every((name) => variables.includes(name));
  const hasName = stored.dns.records.some(
    (record) => record.name === SANDBOX_NAMES.publicName && record.type === "CNAME",
  );
  const hasSettings =
    stored[REPOSITORY]?.fullName === SANDBOX_NAMES.repository &&
    (stored.stackState?.deployment.resources.length ?? 0) > 0;
  check(
    "names of variables, DNS records, repository settings and state of the lost site are in the vault",
    stored.missing.length === 0 && complete && hasName && hasSettings,
    `${variables.length} variables, ${stored.dns.records.length} DNS records${stored.missing.map((one) => `; ${one.part} is missing: ${one.reason}`).join("")}`,
  );
  return stored.takenAt;
}

function countObjects(snapshot: DatabaseSnapshot): number {
  return Object.values(snapshot.objects).reduce((sum, named) => sum + Object.keys(named).length, 0);
}
