import { between, rpo, rto } from "../report/objective.ts";
import type { Objective } from "../report/report.ts";

/** What a drill has measured, all times by one clock. */
export interface Measurements {
  /** When the last part of the infrastructure was lost: recovery begins here. */
  lostAt: Date;
  /** When the recovered database was complete and checked. */
  databaseAt: Date;
  /** When the app answered under its public name. */
  applicationAt: Date;
  /** When the last check of the recovered system had passed. */
  finishedAt: Date;
  /** Of the backup that was restored. */
  snapshotAt: Date;
  /** Of the newest stored configuration. */
  configurationAt: Date;
  /** Commits of the lost repository that the recovered app was not built from. */
  commitsLost: number;
}

/** Holds the measurements against the guide's objectives (its sections "RTO" and "RPO"). */
export function judgeObjectives(measured: Measurements): Objective[] {
  const { lostAt, databaseAt, applicationAt, finishedAt, snapshotAt, configurationAt, commitsLost } = measured;
  return [
    rto("database", between(lostAt, databaseAt), "from the loss to a restored and checked database"),
    rto("application", between(databaseAt, applicationAt), "from the database to an answer under the public name"),
    rto("all", between(lostAt, finishedAt), "from the loss to the last passed check"),
    rpo("database", between(snapshotAt, lostAt), "age of the restored snapshot at the loss"),
    // The mirror follows each push, so any lost commit breaks the promise; its age is at least the time since the snapshot.
    rpo("code", commitsLost === 0 ? 0 : Math.max(1, between(snapshotAt, lostAt)), `${commitsLost} commits lost`),
    rpo("configuration", between(configurationAt, lostAt), "age of the stored configuration at the loss"),
  ];
}
