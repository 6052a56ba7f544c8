import { setTimeout as sleep } from "node:timers/promises";

import { CodeBuild } from "@aws-sdk/client-codebuild";
import { IAM } from "@aws-sdk/client-iam";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { serviceTrust } from "../../../components/schedulePolicies.ts";
import { JsonService } from "../../../lab/sandbox/aws/jsonService.ts";
import { scheduleGroupArn } from "../../../planning/names.ts";
import { freePort } from "../../../services/common/ports.ts";
import { awsMirrorBuilds } from "../../../services/scheduler/mirrorBuilds.ts";
import { awsScheduledRuns, type ScheduledRun, type ScheduledRuns } from "../../../services/scheduler/scheduledRuns.ts";
import { startTestCloud, type TestCloud } from "../../recovery/support/cloud.ts";

const ACCOUNT = "000000000000";
const ROLE = `arn:aws:iam::${ACCOUNT}:role/runner`;

describe("the scheduled runs of a stack", () => {
  let cloud: TestCloud;
  let runs: ScheduledRuns;
  let sqs: SQS;
  let queue: string;

  beforeAll(async () => {
    cloud = await startTestCloud();
    const { region, endpoint } = cloud;
    const common = { region, endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
    const project = `arn:aws:codebuild:${region}:${ACCOUNT}:project/backup`;
    const site = { project: "p", role: "primary", accountId: ACCOUNT, region } as const;
    const iam = new IAM(common);
    const trust = JSON.stringify(serviceTrust("codebuild.amazonaws.com", site, project));
    await iam.createRole({ RoleName: "runner", AssumeRolePolicyDocument: trust });
    const starts = JSON.stringify(serviceTrust("scheduler.amazonaws.com", site, scheduleGroupArn(site)));
    await iam.createRole({ RoleName: "starter", AssumeRolePolicyDocument: starts });
    const Statement = [{ Effect: "Allow", Action: ["logs:*", "s3:*"], Resource: "*" }];
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await iam.putRolePolicy({ RoleName: "runner", PolicyName: "own", PolicyDocument });
    await cloud.s3.createBucket({ Bucket: "code" });
    const Body = Buffer.from("setTimeout(() => process.exit(7), 1500)");
    await cloud.s3.putObject({ Bucket: "code", Key: "1/main.mjs", Body });
    const logs = new JsonService({ ...common, service: "logs", target: "Logs_20140328." });
    await logs.call("CreateLogGroup", { logGroupName: "/backup" });
    const buildspec = '{"version":0.2,"phases":{"build":{"commands":["node main.mjs"]}}}';
    await new CodeBuild(common).createProject({
      name: "backup",
      serviceRole: ROLE,
      concurrentBuildLimit: 1,
      artifacts: { type: "NO_ARTIFACTS" },
      source: { type: "S3", location: "code/1/", buildspec },
      environment: { type: "LINUX_CONTAINER", image: "any", computeType: "BUILD_GENERAL1_SMALL" },
      logsConfig: { cloudWatchLogs: { status: "ENABLED", groupName: "/backup" } },
    });
    await new Scheduler(common).createSchedule({
      Name: "backup",
      ScheduleExpression: "rate(6 hours)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: project, RoleArn: ROLE.replace("runner", "starter") },
    });
    sqs = new SQS(common);
    queue = (await sqs.createQueue({ QueueName: "missed" })).QueueUrl!;
    runs = awsScheduledRuns({ schedule: "backup", project: "backup", missedRunsUrl: queue, region, endpoint });
  }, 60_000);
  afterAll(() => cloud.stop());

  it("shows the schedule, and that nothing has run or was missed", async () => {
    expect(await runs.schedule()).toEqual({ expression: "rate(6 hours)", enabled: true });
    expect(await runs.newest(10)).toEqual([]);
    expect(await runs.missed()).toBe(0);
  });

  it("starts one at a time, and reports how it ended and why", async () => {
    const id = await runs.start();
    await expect(runs.start()).rejects.toThrow(/Another run is in progress/);
    const builds = awsMirrorBuilds({ project: "backup", region: cloud.region, endpoint: cloud.endpoint });
    expect(await builds.start({}, new AbortController().signal)).toBe(false);
    expect(await builds.newest(new AbortController().signal)).toMatchObject([{ endedAt: undefined, job: undefined }]);
    expect(await runs.newest(10)).toEqual([expect.objectContaining({ id, status: "IN_PROGRESS" })]);
    let run: ScheduledRun | undefined;
    for (let tries = 0; tries < 100 && run?.endedAt === undefined; tries += 1) {
      await sleep(100);
      [run] = await runs.newest(1);
    }
    expect(run).toMatchObject({ id, status: "FAILED" });
    expect(run!.reason).toMatch(/node main\.mjs\. Reason: exit status 7/);
    expect(run!.endedAt!.getTime()).toBeGreaterThanOrEqual(run!.startedAt.getTime());
  });

  it("counts what could not be started", async () => {
    await sqs.sendMessage({ QueueUrl: queue, MessageBody: "{}" });
    expect(await runs.missed()).toBe(1);
  });

  it("says in one sentence that AWS can't be reached", async () => {
    const options = { schedule: "backup", project: "backup", missedRunsUrl: queue, region: cloud.region };
    const nowhere = awsScheduledRuns({ ...options, endpoint: `http://127.0.0.1:${await freePort()}` });
    await expect(nowhere.newest(1)).rejects.toMatchObject({ name: "UserError" });
  });
});
