import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Schedule } from "@pulumi/aws/scheduler/schedule.js";
import { Queue } from "@pulumi/aws/sqs/queue.js";
import * as pulumi from "@pulumi/pulumi";

import { missedRunsQueueName, scheduleGroupArn, scheduleName, scheduleRoleName } from "../planning/names.ts";
import { rateExpression } from "../planning/schedule.ts";
import { BackupRunner, type BackupRunnerArgs } from "./backupRunner.ts";
import { serviceTrust, starterPermissions } from "./schedulePolicies.ts";

export interface BackupScheduleArgs extends BackupRunnerArgs {
  /** Hours between two runs. */
  readonly intervalHours: number;
}

/** Seconds for which a failed start is retried. A previous run, which blocks the next one, ends within this time unless it hangs. */
const RETRY_SECONDS = 3600;
const RETRIES = 20;
/** Seconds for which a missed run stays on record: SQS's maximum, 14 days. */
const MISSED_KEPT_SECONDS = 1_209_600;

/** A site's own backups: the runner, the schedule that starts it, and a queue for runs that could not be started. */
export class BackupSchedule extends pulumi.ComponentResource {
  readonly runner: BackupRunner;
  /** Name of the schedule. */
  readonly schedule: pulumi.Output<string>;
  /** URL of the queue of runs that could not be started. */
  readonly missedRunsUrl: pulumi.Output<string>;

  constructor(name: string, args: BackupScheduleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:BackupSchedule", name, {}, opts);
    const { intervalHours, ...runnerArgs } = args;
    const { site, tags } = args;
    const child = { parent: this };

    this.runner = new BackupRunner(`${name}-runner`, runnerArgs, child);
    const missed = new Queue(
      `${name}-missed`,
      {
        name: missedRunsQueueName(site),
        messageRetentionSeconds: MISSED_KEPT_SECONDS,
        sqsManagedSseEnabled: true,
        ...(tags && { tags }),
      },
      child,
    );
    const starter = new Role(
      `${name}-starter`,
      {
        name: scheduleRoleName(site, "starter"),
        description: "Starts the scheduled backups, and nothing else",
        // The group, not the schedule: EventBridge Scheduler can't assume a role that trusts a single schedule, and refuses to create the
        // schedule.
        assumeRolePolicy: JSON.stringify(serviceTrust("scheduler.amazonaws.com", site, scheduleGroupArn(site))),
        ...(tags && { tags }),
      },
      child,
    );
    const permissions = new RolePolicy(
      `${name}-starter-policy`,
      { name: "starter", role: starter.name, policy: JSON.stringify(starterPermissions(site)) },
      child,
    );
    const schedule = new Schedule(
      `${name}-rate`,
      {
        name: scheduleName(site),
        description: "Takes a backup",
        scheduleExpression: rateExpression(intervalHours),
        flexibleTimeWindow: { mode: "OFF" },
        state: "ENABLED",
        target: {
          arn: this.runner.projectArn,
          roleArn: starter.arn,
          retryPolicy: { maximumEventAgeInSeconds: RETRY_SECONDS, maximumRetryAttempts: RETRIES },
          deadLetterConfig: { arn: missed.arn },
        },
      },
      { ...child, dependsOn: [permissions] },
    );

    this.schedule = schedule.name;
    this.missedRunsUrl = missed.url;
    this.registerOutputs({ schedule: this.schedule, missedRunsUrl: this.missedRunsUrl });
  }
}
