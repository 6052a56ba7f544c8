import * as pulumi from "@pulumi/pulumi";

import { BackupRunner, type BackupRunnerArgs } from "./backupRunner.ts";
import { buildSchedule } from "./buildSchedule.ts";

export interface BackupScheduleArgs extends BackupRunnerArgs {
  /** Hours between two runs. */
  readonly intervalHours: number;
}

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
    const { schedule, missed } = buildSchedule(
      name,
      {
        site,
        work: "backup",
        projectArn: this.runner.projectArn,
        intervalHours,
        description: "Takes a backup",
        roleDescription: "Starts the scheduled backups, and nothing else",
        tagged: tags ? { tags } : {},
      },
      child,
    );

    this.schedule = schedule.name;
    this.missedRunsUrl = missed.url;
    this.registerOutputs({ schedule: this.schedule, missedRunsUrl: this.missedRunsUrl });
  }
}
