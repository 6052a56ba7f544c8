import { between, rpo, rto } from "../report/objective.ts";
import type { Objective } from "../report/report.ts";

/** What the drill has measured, all times by one clock. */
export interface Measurements {
  /** When the last of the damage was done: recovery begins here. */
  lostAt: Date;
  /** When the app was allowed to write again. */
  allowedAt: Date;
  /** Of the backup that was restored. */
  snapshotAt: Date;
}

/** Holds the measurements against the guide's objectives for the database. */
export function judgeObjectives({ lostAt, allowedAt, snapshotAt }: Measurements): Objective[] {
  return [
    rto("database", between(lostAt, allowedAt), "from the damage to writes on a restored, verified database"),
    rpo("database", between(snapshotAt, lostAt), "age of the restored snapshot at the damage"),
  ];
}
