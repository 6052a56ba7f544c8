import { between, type Objective, rto } from "../report/report.ts";

/** The drill's measurements, all by one clock. */
export interface Measurements {
  /** When the bad release got the public name, which is when recovery begins. */
  lostAt: Date;
  /** When a visitor had logged in, read and written under the public name. */
  accessAt: Date;
}

/** Compares the measurements with the application's objective: docs/objectives.md. */
export function judgeObjectives({ lostAt, accessAt }: Measurements): Objective[] {
  return [
    rto("application", between(lostAt, accessAt), "from the bad release to a visitor's login, reading and writing"),
  ];
}
