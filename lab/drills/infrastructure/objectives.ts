import { between, type Objective, rpo, rto } from "../report/report.ts";

/** The drill's measurements, all by one clock. */
export interface Measurements {
  /** The loss of the last part, which is when recovery begins. */
  lostAt: Date;
  /** When the recovered database was complete and checked. */
  databaseAt: Date;
  /** When the app answered under its public name. */
  applicationAt: Date;
  /** When the last check of the recovered system had passed. */
  finishedAt: Date;
  /** Time of the restored backup's snapshot. */
  snapshotAt: Date;
  /** Time of the newest stored configuration. */
  configurationAt: Date;
  /** Commits of the lost repository that are missing from the recovered app. */
  commitsLost: number;
}

/** Compares the measurements with docs/objectives.md. */
export function judgeObjectives(measured: Measurements): Objective[] {
  const { lostAt, databaseAt, applicationAt, finishedAt, snapshotAt, configurationAt, commitsLost } = measured;
  return [
    rto("database", between(lostAt, databaseAt), "from the loss to a restored and checked database"),
    rto("application", between(databaseAt, applicationAt), "from the database to an answer under the public name"),
    rto("all", between(lostAt, finishedAt), "from the loss to the last passed check"),
    rpo("database", between(snapshotAt, lostAt), "age of the restored snapshot at the loss"),
    // The drill mirrors after its push, so any lost commit breaks the promise. Its age is at least the time since the snapshot.
    rpo(
      "code",
      commitsLost === 0 ? 0 : Math.max(1, between(snapshotAt, lostAt)),
      `${commitsLost} commits lost; the drill ran \`mirror\` after its push`,
    ),
    rpo("configuration", between(configurationAt, lostAt), "age of the stored configuration at the loss"),
  ];
}
