import { randomUUID } from "node:crypto";

import {
  BatchGetBuildsCommand,
  type Build,
  CodeBuildClient,
  ListBuildsForProjectCommand,
  StartBuildCommand,
} from "@aws-sdk/client-codebuild";
import { GetScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";

import { type AwsPlace, endedBy, explainedCall, shortCalls } from "../aws/awsCalls.ts";
import { nameOf } from "../aws/awsErrors.ts";
import { UserError } from "../common/errors.ts";

/** One run of the scheduled backup. */
export interface ScheduledRun {
  id: string;
  startedAt: Date;
  /** Absent while it runs. */
  endedAt?: Date;
  /** CodeBuild's status: IN_PROGRESS, SUCCEEDED, FAILED, FAULT, STOPPED or TIMED_OUT. */
  status: string;
  /** Why it failed, by the message of the phase that failed. The log has more. */
  reason?: string;
}

/** The schedule in AWS. */
export interface DeclaredSchedule {
  /** Such as `rate(6 hours)`. */
  expression: string;
  enabled: boolean;
}

/** A stack's scheduled backups: the schedule, the last runs, and a start by hand. */
export interface ScheduledRuns {
  schedule(signal?: AbortSignal): Promise<DeclaredSchedule>;
  /** The newest runs first, at most `count`. */
  newest(count: number, signal?: AbortSignal): Promise<ScheduledRun[]>;
  /** How many starts have failed for good in the last 14 days. */
  missed(signal?: AbortSignal): Promise<number>;
  /** Starts a run now and returns its id. UserError while another one runs. */
  start(signal?: AbortSignal): Promise<string>;
}

/** The names in the stack's output `schedule`, and where AWS is. */
export interface ScheduledRunsOptions extends AwsPlace {
  schedule: string;
  project: string;
  missedRunsUrl: string;
}

/** Scheduled backups with EventBridge Scheduler and CodeBuild. Errors of set-up or network are UserErrors. */
export function awsScheduledRuns(options: ScheduledRunsOptions): ScheduledRuns {
  const { schedule, project, missedRunsUrl, region, endpoint } = options;
  const scheduler = new SchedulerClient(shortCalls(options));
  const codebuild = new CodeBuildClient(shortCalls(options));
  const sqs = new SQSClient(shortCalls(options));
  const asked = <T>(service: string, answer: Promise<T>, signal?: AbortSignal): Promise<T> =>
    explainedCall(answer, { service, region, endpoint, subject: `the scheduled backup "${schedule}"` }, signal);
  return {
    async schedule(signal) {
      const command = new GetScheduleCommand({ Name: schedule });
      const answer = await asked("EventBridge Scheduler", scheduler.send(command, endedBy(signal)), signal);
      const expression = given(answer.ScheduleExpression, "the schedule's expression");
      return { expression, enabled: answer.State === "ENABLED" };
    },
    async newest(count, signal) {
      const list = new ListBuildsForProjectCommand({ projectName: project, sortOrder: "DESCENDING" });
      const listed = await asked("CodeBuild", codebuild.send(list, endedBy(signal)), signal);
      const ids = (listed.ids ?? []).slice(0, count);
      if (ids.length === 0) return [];
      const get = new BatchGetBuildsCommand({ ids });
      const { builds = [] } = await asked("CodeBuild", codebuild.send(get, endedBy(signal)), signal);
      return builds.map(runOf).sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
    },
    async missed(signal) {
      const asks = { QueueUrl: missedRunsUrl, AttributeNames: ["ApproximateNumberOfMessages" as const] };
      const command = new GetQueueAttributesCommand(asks);
      const { Attributes } = await asked("SQS", sqs.send(command, endedBy(signal)), signal);
      return Number(given(Attributes?.ApproximateNumberOfMessages, "the number of messages"));
    },
    async start(signal) {
      // With the token, a retry of a start whose answer was lost starts no second run. CodeBuild knows it for 5 minutes, and the SDK retries
      // for one. Source: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
      const command = new StartBuildCommand({ projectName: project, idempotencyToken: randomUUID() });
      try {
        const { build } = await asked("CodeBuild", codebuild.send(command, endedBy(signal)), signal);
        return given(build?.id, "the build's id");
      } catch (error) {
        if (nameOf(error) !== "AccountLimitExceededException") throw error;
        throw new UserError(
          "Another run is in progress: wait until it has ended. To see it, type: castchat-recovery schedule",
          { cause: error },
        );
      }
    },
  };
}

function runOf({ id, startTime, endTime, buildStatus, phases = [] }: Build): ScheduledRun {
  const failed = phases.find(({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== "SUCCEEDED");
  const reason = buildStatus === "SUCCEEDED" ? undefined : failed?.contexts?.[0]?.message;
  return {
    id: given(id, "a build's id"),
    startedAt: given(startTime, "a build's start"),
    ...(endTime !== undefined && buildStatus !== "IN_PROGRESS" && { endedAt: endTime }),
    status: given(buildStatus, "a build's status"),
    ...(reason !== undefined && reason !== "" && { reason }),
  };
}

/** Every field of an answer is optional in the SDK's types. */
function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`AWS's answer lacks ${what}.`);
  return value;
}
