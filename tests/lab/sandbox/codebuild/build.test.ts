import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Build, CodeBuild } from "@aws-sdk/client-codebuild";
import { IAM } from "@aws-sdk/client-iam";
import { S3 } from "@aws-sdk/client-s3";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { serviceTrust } from "../../../../components/schedulePolicies.ts";
import { JsonService } from "../../../../lab/sandbox/aws/jsonService.ts";
import { advanceScheduler } from "../../../../lab/sandbox/aws/schedulerClock.ts";
import { endProcess } from "../../../../lab/sandbox/host/supervisor.ts";
import { isAlive, startTicks } from "../../../../services/common/processes.ts";
import { makeTestFolder } from "../../../support/folder.ts";
import { startMinistackProcess } from "../support/ministackProcess.ts";

const REGION = "ap-northeast-1";
const ACCOUNT = "000000000000";
const credentials = { accessKeyId: "AKIASANDBOXBUILDS000", secretAccessKey: "builds-secret" };
const SITE = { project: "p", role: "primary", accountId: ACCOUNT, region: REGION } as const;
const PROJECTS = `arn:aws:codebuild:${REGION}:${ACCOUNT}:project`;
const SCHEDULER = `arn:aws:scheduler:${REGION}:${ACCOUNT}`;
/** The source that the service passes on for a schedule that assumes a role. */
const SCHEDULES = `${SCHEDULER}:schedule-group/default`;
const HOURS_6 = 6 * 3600;
const allow = (Action: string | string[], Resource: string | string[] = "*") => ({ Effect: "Allow", Action, Resource });
/** What every build needs: its log and its source. */
const LOG_AND_SOURCE = [
  allow(["logs:CreateLogStream", "logs:PutLogEvents"]),
  allow(["s3:ListBucket", "s3:GetObject"], ["arn:aws:s3:::code", "arn:aws:s3:::code/*"]),
];

describe("scheduled builds", () => {
  let folder: Awaited<ReturnType<typeof makeTestFolder>>;
  let pid: number;
  let endpoint: string;
  let codebuild: CodeBuild;
  let logs: JsonService;
  let sqs: SQS;
  let queue: string;

  beforeAll(async () => {
    folder = await makeTestFolder();
    const started = await startMinistackProcess(folder.path, credentials.accessKeyId);
    pid = started.pid;
    endpoint = `http://127.0.0.1:${started.port}`;
    const common = { region: REGION, endpoint, credentials };
    codebuild = new CodeBuild(common);
    logs = new JsonService({ ...common, service: "logs", target: "Logs_20140328." });
    sqs = new SQS(common);
    await logs.call("CreateLogGroup", { logGroupName: "/backup" });
    queue = (await sqs.createQueue({ QueueName: "missed" })).QueueUrl!;
    await new S3({ ...common, forcePathStyle: true }).createBucket({ Bucket: "code" });
    const SecretString = JSON.stringify({ PASSWORD: "swordfish" });
    await new SecretsManager(common).createSecret({ Name: "runner", SecretString });
    const send = allow("sqs:SendMessage");
    const start = allow("codebuild:StartBuild", `${PROJECTS}/*`);
    await role("runner", "codebuild.amazonaws.com", `${PROJECTS}/*`, [
      ...LOG_AND_SOURCE,
      allow("secretsmanager:GetSecretValue"),
    ]);
    await role("starter", "scheduler.amazonaws.com", SCHEDULES, [start, send]);
    await role("powerless", "scheduler.amazonaws.com", SCHEDULES, [send]);
    await role("distrustful", "scheduler.amazonaws.com", `${SCHEDULER}:schedule/default/*`, [start, send]);
  }, 60_000);
  afterAll(async () => {
    if (isAlive(pid)) process.kill(-pid, "SIGKILL");
    await folder.remove();
  });

  async function role(name: string, service: string, source: string, statements: object[]): Promise<void> {
    const iam = new IAM({ region: REGION, endpoint, credentials });
    const trust = JSON.stringify(serviceTrust(service, SITE, source)).replace('"ArnEquals"', '"ArnLike"');
    await iam.createRole({ RoleName: name, AssumeRolePolicyDocument: trust });
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    await iam.putRolePolicy({ RoleName: name, PolicyName: "own", PolicyDocument });
  }

  async function project(name: string, script: string, serviceRole = "runner"): Promise<string> {
    const s3 = new S3({ region: REGION, endpoint, credentials, forcePathStyle: true });
    await s3.putObject({ Bucket: "code", Key: `${name}/main.mjs`, Body: Buffer.from(script) });
    const buildspec = {
      version: 0.2,
      phases: { install: { commands: ["command -v pg_dump"] }, build: { commands: ["node main.mjs"] } },
    };
    const made = await codebuild.createProject({
      name,
      serviceRole: `arn:aws:iam::${ACCOUNT}:role/${serviceRole}`,
      concurrentBuildLimit: 1,
      timeoutInMinutes: 5,
      artifacts: { type: "NO_ARTIFACTS" },
      source: { type: "S3", location: `code/${name}/`, buildspec: JSON.stringify(buildspec) },
      environment: {
        type: "LINUX_CONTAINER",
        image: "any",
        computeType: "BUILD_GENERAL1_SMALL",
        environmentVariables: [
          { name: "PLAIN", value: "seen" },
          { name: "SECRET", type: "SECRETS_MANAGER", value: "runner:PASSWORD" },
        ],
      },
      logsConfig: { cloudWatchLogs: { status: "ENABLED", groupName: "/backup" } },
    });
    return made.project!.arn!;
  }

  async function schedule(name: string, target: string, starter = "starter"): Promise<void> {
    await new Scheduler({ region: REGION, endpoint, credentials }).createSchedule({
      Name: name,
      ScheduleExpression: "rate(6 hours)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: {
        Arn: target,
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/${starter}`,
        RetryPolicy: { MaximumRetryAttempts: 0 },
        DeadLetterConfig: { Arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:missed` },
      },
    });
  }

  async function builds(projectName: string): Promise<Build[]> {
    const { ids = [] } = await codebuild.listBuildsForProject({ projectName });
    // AWS refuses an empty list of builds.
    return ids.length === 0 ? [] : (await codebuild.batchGetBuilds({ ids })).builds!;
  }

  async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
    for (let tries = 0; tries < 150; tries += 1) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(100);
    }
    throw new Error(`waited in vain for ${what}`);
  }

  const ended = (name: string) =>
    until(async () => (await builds(name)).find((one) => one.buildStatus !== "IN_PROGRESS"), `the build of ${name}`);

  async function logOf(build: Build): Promise<string> {
    const asked = { logGroupName: build.logs?.groupName, logStreamName: build.logs?.streamName };
    const { events } = await logs.call<{ events: { message: string }[] }>("GetLogEvents", asked);
    return events.map(({ message }) => message).join("\n");
  }

  const failureOf = ({ phases }: Build) => phases!.find(({ phaseStatus }) => phaseStatus === "FAILED");

  it("fires when it is due and not before, runs the commands as a process and keeps the log", async () => {
    const script = `
      console.log("plain " + process.env.PLAIN, "secret " + process.env.SECRET, "length " + process.env.SECRET.length);
      console.log("names " + Object.keys(process.env).sort().join(" "));`;
    await schedule("good", await project("good", script));
    await advanceScheduler(folder.path, HOURS_6 - 600);
    await sleep(2_500);
    expect(await builds("good")).toEqual([]);
    await advanceScheduler(folder.path, 600);
    const build = await ended("good");
    const log = await logOf(build);
    expect([build.buildStatus, build.buildStatus === "SUCCEEDED" ? "" : log]).toEqual(["SUCCEEDED", ""]);
    expect(build.phases!.map(({ phaseType }) => phaseType)).toEqual(expect.arrayContaining(["INSTALL", "BUILD"]));
    expect(log).toContain("plain seen secret *** length 9");
    expect(log).not.toContain("swordfish");
    expect(/names (.*)/.exec(log)![1]!.split(" ")).toEqual([
      "AWS_ACCESS_KEY_ID",
      "AWS_DEFAULT_REGION",
      "AWS_EC2_METADATA_DISABLED",
      "AWS_REGION",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN",
      "CODEBUILD_BUILD_ID",
      "HOME",
      "PATH",
      "PLAIN",
      "PWD",
      "SECRET",
      "TMPDIR",
    ]);
    expect(await readdir(join(folder.path, "builds"))).toEqual([]);
    await sleep(2_500);
    expect(await builds("good")).toHaveLength(1);
  });

  it("fails when its command fails, with the reason", async () => {
    const build = await runOnce("bad", "console.error('no luck'); process.exit(3)");
    expect(build.buildStatus).toBe("FAILED");
    expect(failureOf(build)).toMatchObject({
      phaseType: "BUILD",
      contexts: [{ message: "Error while executing command: node main.mjs. Reason: exit status 3" }],
    });
    expect(await logOf(build)).toContain("no luck");
  });

  const runOnce = async (projectName: string, script: string, serviceRole?: string) => {
    await project(projectName, script, serviceRole);
    await codebuild.startBuild({ projectName });
    return await ended(projectName);
  };

  it("gives a build only its role's rights", async () => {
    await role("poor", "codebuild.amazonaws.com", `${PROJECTS}/poor`, LOG_AND_SOURCE);
    const refused = await runOnce("poor", "", "poor");
    expect(refused.buildStatus).toBe("FAILED");
    expect(failureOf(refused)).toMatchObject({ phaseType: "DOWNLOAD_SOURCE" });
    expect(failureOf(refused)!.contexts![0]!.message).toMatch(/secretsmanager:GetSecretValue/);
    // The role only trusts the project "poor".
    expect(failureOf(await runOnce("stranger", "", "poor"))!.contexts![0]!.message).toMatch(/may not assume/);
  });

  it("refuses a schedule whose role trusts that schedule instead of the group that AWS passes on", async () => {
    const target = await project("distrusted", "");
    await expect(schedule("distrustful", target, "distrustful")).rejects.toMatchObject({
      name: "ValidationException",
      message: "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    });
  });

  it("puts a run that it can't start into the queue of missed runs", async () => {
    await schedule("powerless", await project("unstarted", ""), "powerless");
    await advanceScheduler(folder.path, HOURS_6);
    const message = await until(async () => {
      const { Messages } = await sqs.receiveMessage({ QueueUrl: queue });
      return Messages?.[0]?.Body;
    }, "the message");
    expect(JSON.parse(message)).toMatchObject({
      schedule: `${SCHEDULER}:schedule/default/powerless`,
      reason: expect.stringMatching(/role\/powerless may not start/) as unknown as string,
    });
    expect(await builds("unstarted")).toEqual([]);
  });

  /** A slow build, once its process and that process's child run. */
  async function startSlow(name: string): Promise<{ build: Build; pids: number[] }> {
    const note = join(folder.path, `${name}.pids`);
    const script = `
      import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs";
      const child = spawn("sleep", ["600"]);
      writeFileSync(${JSON.stringify(note)}, process.pid + " " + child.pid);
      setTimeout(() => {}, 600000);`;
    await project(name, script);
    const order = { projectName: name, idempotencyToken: name };
    const { build } = await codebuild.startBuild(order);
    // A retry of the same request starts no second build, and the limit doesn't refuse it.
    expect((await codebuild.startBuild(order)).build!.id).toBe(build!.id);
    await expect(codebuild.startBuild({ ...order, timeoutInMinutesOverride: 30 })).rejects.toMatchObject({
      name: "InvalidInputException",
    });
    const pids = await until(async () => {
      const text = await readFile(note, "utf8").catch(() => "");
      return text === "" ? undefined : text.split(" ").map(Number);
    }, "the process");
    return { build: build!, pids };
  }

  it("runs one build at a time, and ends a stopped one with all of its processes", async () => {
    const { build, pids } = await startSlow("slow");
    await expect(codebuild.startBuild({ projectName: "slow" })).rejects.toMatchObject({
      name: "AccountLimitExceededException",
    });
    expect(pids.every(isAlive)).toBe(true);
    await codebuild.stopBuild({ id: build.id });
    expect((await ended("slow")).buildStatus).toBe("STOPPED");
    expect(pids.some(isAlive)).toBe(false);
  });

  it("leaves no process of a build when the sandbox is stopped", async () => {
    const { pids } = await startSlow("left");
    expect(pids.every(isAlive)).toBe(true);
    await endProcess({ name: "ministack", pid, ticks: startTicks(pid) ?? "", stopSignal: "SIGTERM", group: true });
    await until(() => Promise.resolve(pids.some(isAlive) ? undefined : true), "their end");
  });
});
