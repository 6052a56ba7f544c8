import { between, type Objective, rpo, rto } from "../report/report.ts";

/** The drill's measurements, all by one clock. */
export interface Measurements {
  /** The last damage, which is when recovery begins. */
  lostAt: Date;
  /** When the app could write again. */
  allowedAt: Date;
  /** Time of the restored backup's snapshot. */
  snapshotAt: Date;
}

/** Compares the measurements with the database's objectives: docs/objectives.md. */
export function judgeObjectives({ lostAt, allowedAt, snapshotAt }: Measurements): Objective[] {
  return [
    rto("database", between(lostAt, allowedAt), "from the damage to writes on a restored, verified database"),
    rpo("database", between(snapshotAt, lostAt), "age of the restored snapshot at the damage"),
  ];
}
