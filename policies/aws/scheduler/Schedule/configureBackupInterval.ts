import { Schedule } from "@pulumi/aws/scheduler/schedule.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

import { hoursOfRate, LONGEST_INTERVAL_HOURS } from "../../../../planning/schedule.ts";
import { isPartOf } from "../../../stacks/vaults.ts";

/** The interval is most of the worst-case loss; planning/objectives.ts derives it. */
export const configureBackupInterval: ResourceValidationPolicy = {
  name: "aws-scheduler-schedule-configure-backup-interval",
  description: "Scheduled backups must be frequent enough that at most 24 hours can be lost.",
  enforcementLevel: "mandatory",
  validateResource: validateResourceOfType(Schedule, (schedule, args, reportViolation) => {
    if (!isPartOf(args.urn, "castchat:index:BackupSchedule")) return;
    const hours = hoursOfRate(schedule.scheduleExpression);
    if (hours === undefined)
      reportViolation(
        `The backup schedule must be a rate, because other expressions have no known longest gap; replace "${schedule.scheduleExpression}" with rate(N hours).`,
      );
    else if (hours > LONGEST_INTERVAL_HOURS)
      reportViolation(
        `The backup schedule must run at least every ${LONGEST_INTERVAL_HOURS} hours, or more than 24 hours can be lost; it runs every ${hours}.`,
      );
    if (schedule.state === "DISABLED") reportViolation("The backup schedule must be enabled; remove its state.");
  }),
  remediationSteps: "Set intervalHours to 21 or less, and leave the schedule enabled.",
};
