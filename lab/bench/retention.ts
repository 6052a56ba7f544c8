import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { prove } from "../../planning/proof/proof.ts";
import { type Scenario, simulate } from "../../planning/retention/simulation.ts";
import { dayNamed } from "../../planning/retention/time.ts";
import type { DeclaredVault, LifecycleRule } from "../../planning/retention/vault.ts";
import { TIERS } from "../../planning/tiers.ts";
import { linePlot } from "./plot.ts";

/** The time and memory of one simulation. */
interface Measurement {
  years: number;
  runsPerDay: number;
  runs: number;
  simulateMs: number;
  proveMs: number;
  /** Peak memory of the whole process, Node's own included. */
  peakMb: number;
}

/** The measured sizes: more years at four runs a day, and more runs over six years. The plan's budget is for six years and four runs. */
const SIZES = [1, 3, 6, 12, 24]
  .map((years) => ({ years, runsPerDay: 4 }))
  .concat([1, 8, 12, 24].map((runsPerDay) => ({ years: 6, runsPerDay })));
const BUDGET = { years: 6, runsPerDay: 4, simulateMs: 300, peakMb: 150 };
const REPEATS = 3;

/** Measures one size in this process, which does nothing else, so that the peak memory is the simulation's. */
function measure(years: number, runsPerDay: number): Measurement {
  const scenario = scenarioOf(years, runsPerDay);
  const started = performance.now();
  const history = simulate(scenario);
  const simulated = performance.now();
  prove(scenario, history, true);
  const proved = performance.now();
  return {
    years,
    runsPerDay,
    runs: history.runs.length,
    simulateMs: round(simulated - started),
    proveMs: round(proved - simulated),
    peakMb: round(process.resourceUsage().maxRSS / 1000),
  };
}

function scenarioOf(years: number, runsPerDay: number): Scenario {
  const rules: LifecycleRule[] = [
    ...TIERS.map(({ name, prefix, keptDays, transition }) => ({
      id: name,
      prefix,
      expireDays: keptDays,
      noncurrentDays: 1,
      removesLoneMarkers: false,
      transitions: transition ? [{ days: transition.afterDays, storageClass: transition.storageClass }] : [],
    })),
    { id: "clean-up", prefix: "", removesLoneMarkers: true, abortUploadDays: 1, transitions: [] },
  ];
  const vault = { versioned: true, objectLock: true, rules };
  const replica: DeclaredVault = {
    ...vault,
    stack: "dr",
    bucket: "replica",
    region: "ap-northeast-3",
    replications: [],
  };
  const replication = { id: "standby", prefix: "", destinationBucketArn: "arn:aws:s3:::replica", timeControl: true };
  const replications = [{ ...replication, encryptedObjects: true, deletions: false }];
  return {
    primary: { ...vault, stack: "prod", bucket: "vault", region: "ap-northeast-1", replications },
    replica,
    tiers: TIERS,
    schedule: {
      firstDay: dayNamed("2027-01-01") ?? 0,
      days: Math.round(years * 365.25),
      intervalHours: 24 / runsPerDay,
      runMs: 600_000,
      isMissed: () => false,
    },
    workload: { dumpBytes: 2 * 2 ** 30, growthPerYear: 0.2 },
    replicationLagMs: 900_000,
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The best of some runs, each in its own process. Noise only makes runs slower. */
async function best(years: number, runsPerDay: number): Promise<Measurement> {
  const runs: Measurement[] = [];
  for (let index = 0; index < REPEATS; index++) {
    const { stdout } = await promisify(execFile)(process.execPath, [
      fileURLToPath(import.meta.url),
      String(years),
      String(runsPerDay),
    ]);
    runs.push(JSON.parse(stdout) as Measurement);
  }
  return runs.reduce((one, other) => (other.simulateMs < one.simulateMs ? other : one));
}

async function main(plotFile: string): Promise<number> {
  const measurements: Measurement[] = [];
  for (const { years, runsPerDay } of SIZES) measurements.push(await best(years, runsPerDay));
  const page = linePlot("Simulation and proof of both vaults", "runs simulated", "milliseconds", [
    { name: "simulate", points: measurements.map(({ runs, simulateMs }) => ({ x: runs, y: simulateMs })) },
    { name: "prove", points: measurements.map(({ runs, proveMs }) => ({ x: runs, y: proveMs })) },
  ]);
  await writeFile(plotFile, page);
  const measured = measurements.find((one) => one.years === BUDGET.years && one.runsPerDay === BUDGET.runsPerDay);
  const kept = measured !== undefined && measured.simulateMs <= BUDGET.simulateMs && measured.peakMb <= BUDGET.peakMb;
  process.stdout.write(`${JSON.stringify({ budget: BUDGET, kept, plot: plotFile, measurements }, null, 2)}\n`);
  return kept ? 0 : 1;
}

const [first = "reports/bench-retention.svg", second] = process.argv.slice(2);
if (second === undefined) process.exitCode = await main(first);
else process.stdout.write(JSON.stringify(measure(Number(first), Number(second))));
