import { STSClient } from "@aws-sdk/client-sts";
import { z } from "zod";

import { explainAwsError } from "../aws/awsErrors.ts";
import { JsonService } from "../aws/awsJson.ts";
import { awsRequest, type AwsService } from "../aws/awsRequest.ts";
import { UserError } from "../common/errors.ts";

/** One run of the scheduled backup. */
export interface ScheduledRun {
  id: string;
  startedAt: Date;
  /** Absent while it runs. */
  endedAt?: Date;
  /** CodeBuild's word: IN_PROGRESS, SUCCEEDED, FAILED, FAULT, STOPPED or TIMED_OUT. */
  status: string;
  /** Why it failed, as the phase that failed tells it; the log has more. */
  reason?: string;
}

/** The schedule as AWS has it. */
export interface DeclaredSchedule {
  /** Such as `rate(6 hours)`. */
  expression: string;
  enabled: boolean;
}

/** A stack's scheduled backups: what starts them, how the last ones ended, and a start by hand. */
export interface ScheduledRuns {
  schedule(signal?: AbortSignal): Promise<DeclaredSchedule>;
  /** The newest runs first, at most `count`. */
  newest(count: number, signal?: AbortSignal): Promise<ScheduledRun[]>;
  /** How many starts have failed for good in the last 14 days. */
  missed(signal?: AbortSignal): Promise<number>;
  /** Starts a run now; its id. A UserError while another one runs. */
  start(signal?: AbortSignal): Promise<string>;
}

/** Names that the stack puts out (`schedule`), and where AWS is. Credentials come from the environment. */
export interface ScheduledRunsOptions {
  schedule: string;
  project: string;
  missedRunsUrl: string;
  region: string;
  /** Only where it isn't AWS's own. */
  endpoint?: string | undefined;
}

const seconds = z.number().transform((value) => new Date(value * 1000));
const buildSchema = z.object({
  id: z.string(),
  startTime: seconds,
  endTime: seconds.optional(),
  buildStatus: z.string(),
  phases: z
    .array(
      z.object({
        phaseStatus: z.string().optional(),
        contexts: z.array(z.object({ message: z.string().optional() })).optional(),
      }),
    )
    .default([]),
});
const scheduleSchema = z.object({ ScheduleExpression: z.string(), State: z.string() });
const queueSchema = z.object({ Attributes: z.object({ ApproximateNumberOfMessages: z.coerce.number() }) });

/** Scheduled backups by EventBridge Scheduler and CodeBuild. Errors of set-up or network are UserErrors of one sentence. */
export function awsScheduledRuns(options: ScheduledRunsOptions): ScheduledRuns {
  const { schedule, project, missedRunsUrl, region, endpoint } = options;
  const asked = async <T>(service: string, call: (to: AwsService) => Promise<T>): Promise<T> => {
    try {
      const credentials = await new STSClient({ region }).config.credentials();
      return await call({
        service,
        region,
        endpoint: endpoint ?? `https://${service}.${region}.amazonaws.com`,
        credentials,
      });
    } catch (error) {
      throw explainAwsError(error, { service, region, endpoint, subject: `the scheduled backup "${schedule}"` });
    }
  };
  const codebuild = <T>(operation: string, input: object, signal?: AbortSignal): Promise<T> =>
    asked("codebuild", (to) =>
      new JsonService({ ...to, target: "CodeBuild_20161006." }).call<T>(operation, input, signal),
    );
  return {
    async schedule(signal) {
      const answer = await asked("scheduler", (to) =>
        awsRequest(to, { method: "GET", path: `/schedules/${schedule}`, signal }),
      );
      const { ScheduleExpression: expression, State } = scheduleSchema.parse(answer);
      return { expression, enabled: State === "ENABLED" };
    },
    async newest(count, signal) {
      const listed = await codebuild<{ ids: string[] }>(
        "ListBuildsForProject",
        { projectName: project, sortOrder: "DESCENDING" },
        signal,
      );
      const ids = listed.ids.slice(0, count);
      if (ids.length === 0) return [];
      const { builds } = await codebuild<{ builds: unknown[] }>("BatchGetBuilds", { ids }, signal);
      return z
        .array(buildSchema)
        .parse(builds)
        .map(runOf)
        .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
    },
    async missed(signal) {
      const input = { QueueUrl: missedRunsUrl, AttributeNames: ["ApproximateNumberOfMessages"] };
      const answer = await asked("sqs", (to) =>
        new JsonService({ ...to, target: "AmazonSQS.", version: "1.0" }).call("GetQueueAttributes", input, signal),
      );
      return queueSchema.parse(answer).Attributes.ApproximateNumberOfMessages;
    },
    async start(signal) {
      try {
        const { build } = await codebuild<{ build: { id: string } }>("StartBuild", { projectName: project }, signal);
        return build.id;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "AccountLimitExceededException") throw error;
        throw new UserError("A run is at work, and there is one at a time: wait until it has ended.", { cause: error });
      }
    },
  };
}

function runOf({ id, startTime, endTime, buildStatus, phases }: z.output<typeof buildSchema>): ScheduledRun {
  const failed = phases.find(({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== "SUCCEEDED");
  const reason = buildStatus === "SUCCEEDED" ? undefined : failed?.contexts?.[0]?.message;
  return {
    id,
    startedAt: startTime,
    ...(endTime !== undefined && buildStatus !== "IN_PROGRESS" && { endedAt: endTime }),
    status: buildStatus,
    ...(reason !== undefined && reason !== "" && { reason }),
  };
}
