import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Schedule } from "@pulumi/aws/scheduler/schedule.js";
import { Queue } from "@pulumi/aws/sqs/queue.js";
import type * as pulumi from "@pulumi/pulumi";

import {
  missedRunsQueueName,
  type ScheduledWork,
  scheduleGroupArn,
  scheduleName,
  scheduleRoleName,
  type Site,
} from "../planning/names.ts";
import { rateExpression } from "../planning/schedule.ts";
import { serviceTrust, starterPermissions } from "./schedulePolicies.ts";

/** When a site's build starts. All names derive from the site and the work. */
interface BuildScheduleArgs {
  readonly site: Site;
  readonly work: ScheduledWork;
  readonly projectArn: pulumi.Input<string>;
  /** Hours between two starts. */
  readonly intervalHours: number;
  readonly description: string;
  readonly roleDescription: string;
  readonly tagged: { readonly tags?: Record<string, string> };
}

/** Seconds for which a failed start is retried. A previous run, which blocks the next one, ends within this time unless it hangs. */
const RETRY_SECONDS = 3600;
const RETRIES = 20;
/** Seconds for which a missed run stays on record: SQS's maximum, 14 days. */
const MISSED_KEPT_SECONDS = 1_209_600;

/** Declares the schedule that starts a build, its role, and the queue of runs that could not be started. */
export function buildSchedule(
  name: string,
  { site, work, projectArn, intervalHours, description, roleDescription, tagged }: BuildScheduleArgs,
  child: pulumi.CustomResourceOptions,
): { schedule: Schedule; missed: Queue } {
  const missed = new Queue(
    `${name}-missed`,
    {
      name: missedRunsQueueName(site, work),
      messageRetentionSeconds: MISSED_KEPT_SECONDS,
      sqsManagedSseEnabled: true,
      ...tagged,
    },
    child,
  );
  const starter = new Role(
    `${name}-starter`,
    {
      name: scheduleRoleName(site, "starter", work),
      description: roleDescription,
      // The group, not the schedule: EventBridge Scheduler can't assume a role that trusts a single schedule, and refuses to create the
      // schedule.
      assumeRolePolicy: JSON.stringify(serviceTrust("scheduler.amazonaws.com", site, scheduleGroupArn(site))),
      ...tagged,
    },
    child,
  );
  const permissions = new RolePolicy(
    `${name}-starter-policy`,
    { name: "starter", role: starter.name, policy: JSON.stringify(starterPermissions(site, work)) },
    child,
  );
  const schedule = new Schedule(
    `${name}-rate`,
    {
      name: scheduleName(site, work),
      description,
      scheduleExpression: rateExpression(intervalHours),
      flexibleTimeWindow: { mode: "OFF" },
      state: "ENABLED",
      target: {
        arn: projectArn,
        roleArn: starter.arn,
        retryPolicy: { maximumEventAgeInSeconds: RETRY_SECONDS, maximumRetryAttempts: RETRIES },
        deadLetterConfig: { arn: missed.arn },
      },
    },
    { ...child, dependsOn: [permissions] },
  );
  return { schedule, missed };
}
