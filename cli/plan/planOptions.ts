import { type Command, InvalidArgumentError, Option } from "commander";

import { DATABASE_SIZES, type DatabaseSize } from "../../planning/prices/supabase.ts";
import { dateOf, dayNamed } from "../../planning/retention/time.ts";
import { type Assumptions, daysInYears, PROOF_YEARS } from "../../recovery/plan/plan.ts";
import { UserError } from "../../services/common/errors.ts";

/** The options of `castchat-recovery plan`. Days are day numbers. */
export interface PlanOptions {
  stack: string;
  /** false for `--no-standby`. */
  standby: string | false;
  deployed?: boolean;
  from?: number;
  years: number;
  on?: number;
  missed?: number[];
  sizeGb: number;
  storageGb: number;
  storageObjectKb: number;
  growth: number;
  readFactor: number;
  runMinutes: number;
  runner: "internet" | "region";
  databaseSize: DatabaseSize;
  recoveryHours: number;
  html?: string;
  json?: boolean;
}

const GB = 2 ** 30;
/** Measured with zstd at level 3 on the benchmark's large table: 1.08 GB of rows, 421 MB stored. */
const DEFAULT_READ_FACTOR = 2.5;

/** Adds the options for what to simulate and what to assume. */
export function withPlanOptions(command: Command): Command {
  return command
    .option("--standby <name>", "the stack that holds the replica", "dr")
    .option("--no-standby", "simulate only the primary")
    .option("--deployed", "read the deployed rules instead of those that the program declares")
    .addOption(fromOption())
    .option("--years <number>", "years to simulate", wholeFrom(1, 50), PROOF_YEARS)
    .option("--on <date>", "day of the forecast (the last one by default)", day)
    .addOption(missedOption())
    .option("--size-gb <number>", "size of a compressed backup at the start, in GB", numberFrom(0.000001, 100_000), 2)
    .option(
      "--storage-gb <number>",
      "size of the project's storage objects at the start, in GB; every run reads and stores all of them",
      numberFrom(0, 100_000),
      0,
    )
    .option("--storage-object-kb <number>", "mean size of a storage object, in KB", numberFrom(1, 5_000_000), 500)
    .option("--growth <percent>", "yearly growth of both", numberFrom(-90, 1000), 20)
    .option(
      "--read-factor <number>",
      "bytes of rows that a backup reads from the database for each byte that it stores",
      numberFrom(0.1, 100),
      DEFAULT_READ_FACTOR,
    )
    .option("--run-minutes <number>", "duration of a run", numberFrom(0, 1440), 10)
    .addOption(
      new Option(
        "--runner <where>",
        "what reads backups back: the shipped runner in the vault's region, or one elsewhere on the internet",
      )
        .choices(["internet", "region"])
        .default("region"),
    )
    .addOption(
      new Option("--database-size <size>", "compute of a recovered database").choices(DATABASE_SIZES).default("large"),
    )
    .option("--recovery-hours <number>", "hours for which the database keeps that size", numberFrom(1, 8760), 24)
    .option("--html <file>", "write an HTML page with charts, readable without a network");
}

/** `--from`: the first day of a simulation. */
export function fromOption(description = "first day (today by default)"): Option {
  return new Option("--from <date>", description).argParser(day);
}

/** `--missed`: days on which all runs fail. */
export function missedOption(): Option {
  return new Option("--missed <dates>", "days on which all runs fail, such as 2027-02-28,2027-03-01").argParser(
    (text: string) => text.split(",").map((one) => day(one.trim())),
  );
}

/** The options' assumptions about the years to come. Throws UserError for a forecast outside of them. */
export function assumptionsOf(options: PlanOptions, today: number, intervalHours: number): Assumptions {
  const firstDay = options.from ?? today;
  const lastDay = firstDay + daysInYears(firstDay, options.years) - 1;
  const onDay = options.on ?? lastDay;
  if (onDay < firstDay || onDay > lastDay)
    throw new UserError(
      `--on ${dateOf(onDay)} is outside the simulated ${dateOf(firstDay)} to ${dateOf(lastDay)}. Choose another day, or change --from and --years.`,
    );
  return {
    firstDay,
    years: options.years,
    intervalHours,
    runMinutes: options.runMinutes,
    onDay,
    dumpBytes: options.sizeGb * GB,
    storageBytes: options.storageGb * GB,
    storageObjectBytes: options.storageObjectKb * 1024,
    growthPerYear: options.growth / 100,
    readPerDumpByte: options.readFactor,
    missedDays: new Set(options.missed),
    readBackOverInternet: options.runner === "internet",
    recovery: { databaseSize: options.databaseSize, hours: options.recoveryHours },
  };
}

function day(text: string): number {
  const found = dayNamed(text);
  if (found === undefined)
    throw new InvalidArgumentError(`${JSON.stringify(text)} is not a date; write it as 2027-02-28.`);
  return found;
}

function numberFrom(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= lowest && value <= highest))
      throw new InvalidArgumentError(`It must be a number from ${lowest} to ${highest}.`);
    return value;
  };
}

function wholeFrom(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = numberFrom(lowest, highest)(text);
    if (!Number.isInteger(value))
      throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
    return value;
  };
}
