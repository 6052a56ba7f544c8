import { RECOVERY_TIME_OBJECTIVES } from "./objectives.ts";
import { RUN_LIMIT_MINUTES } from "./schedule.ts";

/** A machine of CodeBuild for Linux. */
export interface RunnerMachine {
  readonly computeType: string;
  readonly memoryGb: number;
  /** Its name in CodeBuild's quotas. */
  readonly quota: string;
  /** US dollars. */
  readonly minute: number;
}

/** The sizes of machines, the smallest first. */
export const RUNNER_SIZES = ["small", "medium", "large", "xlarge", "2xlarge"] as const;
export type RunnerSize = (typeof RUNNER_SIZES)[number];

/**
 * CodeBuild's machines. Memory: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-compute-types.html, whose two versions
 * differ by a GB; these are the smaller figures. Prices: see planning/prices/services.ts. That of `xlarge` was found nowhere: it is half of that of
 * `2xlarge`, which has twice the processors.
 */
export const RUNNER_MACHINES: Readonly<Record<RunnerSize, RunnerMachine>> = {
  small: { computeType: "BUILD_GENERAL1_SMALL", memoryGb: 3, quota: "Small", minute: 0.005 },
  medium: { computeType: "BUILD_GENERAL1_MEDIUM", memoryGb: 7, quota: "Medium", minute: 0.01 },
  large: { computeType: "BUILD_GENERAL1_LARGE", memoryGb: 15, quota: "Large", minute: 0.02 },
  xlarge: { computeType: "BUILD_GENERAL1_XLARGE", memoryGb: 70, quota: "XLarge", minute: 0.1 },
  "2xlarge": { computeType: "BUILD_GENERAL1_2XLARGE", memoryGb: 145, quota: "2XLarge", minute: 0.2 },
};

/** The size of a compute type; undefined for one of another kind. */
export function sizeOfCompute(computeType: string | undefined): RunnerSize | undefined {
  return RUNNER_SIZES.find((size) => RUNNER_MACHINES[size].computeType === computeType);
}

const GB = 1e9;
const MINUTE_MS = 60_000;

/**
 * Rates and memory as measured on two cores, with the slowest shape (docs/performance.md, "The largest database within 30 minutes" and the
 * memory of backups). Rows count in COPY text. A larger machine has more cores, which a backup of one table cannot all use, so it counts as no
 * faster.
 *
 * @internal exported for its test
 */
export const MEASURED = {
  /** With its read-back. */
  backupBytesPerSecond: 117e6,
  /** With its checks. */
  restorableBytes: 197e9,
  /** Of a backup's process: without rows, and for each GB of rows. */
  memoryBytes: 210e6,
  memoryBytesPerGb: 17e6,
} as const;

/** Share of a machine's memory that a run may need: the rest is for pg_dump, the system, and databases of many tables. */
const SHARE_OF_MEMORY = 0.5;

/** What the size of a database means for its backups and restores. */
export interface RunnerNeed {
  readonly rowsBytes: number;
  /** The smallest machine on which a run has memory enough. */
  readonly size: RunnerSize;
  /** What a run takes. */
  readonly minutes: number;
  /** Whether a run ends before it is stopped. */
  readonly isBackedUp: boolean;
  /** Whether a restore of the vault's backup meets the objective for the database. */
  readonly isRestoredInTime: boolean;
}

/** What a database with so many bytes of rows needs. The size of its files is an upper bound of its rows. */
export function runnerNeedOf(rowsBytes: number): RunnerNeed {
  const needed = MEASURED.memoryBytes + MEASURED.memoryBytesPerGb * (rowsBytes / GB);
  const fits = RUNNER_SIZES.find((size) => needed <= RUNNER_MACHINES[size].memoryGb * GB * SHARE_OF_MEMORY);
  const minutes = rowsBytes / MEASURED.backupBytesPerSecond / 60;
  return {
    rowsBytes,
    size: fits ?? "2xlarge",
    minutes,
    isBackedUp: fits !== undefined && minutes <= RUN_LIMIT_MINUTES,
    isRestoredInTime: rowsBytes <= MEASURED.restorableBytes,
  };
}

/** Whether a machine is at least as large as another. */
export function isEnough(size: RunnerSize, needed: RunnerSize): boolean {
  return RUNNER_SIZES.indexOf(size) >= RUNNER_SIZES.indexOf(needed);
}

/** What to do about a database that is too large for a backup or a restore in time, in sentences; empty for any other. */
export function adviceOnSize({ rowsBytes, isBackedUp, isRestoredInTime }: RunnerNeed): string[] {
  const gb = Math.round(rowsBytes / GB).toLocaleString("en");
  const limit = Math.round(MEASURED.restorableBytes / GB);
  const objective = RECOVERY_TIME_OBJECTIVES.database / MINUTE_MS;
  return [
    ...(isRestoredInTime
      ? []
      : [
          `A restore of ${gb} GB from the vault takes longer than the objective of ${objective} minutes, which it meets up to about ${limit} GB. Have Supabase's point-in-time recovery, and use it first (castchat-recovery restore-platform); the vault is the second line.`,
        ]),
    ...(isBackedUp
      ? []
      : [`A backup of ${gb} GB does not end within the ${RUN_LIMIT_MINUTES} minutes after which a run is stopped.`]),
  ];
}
