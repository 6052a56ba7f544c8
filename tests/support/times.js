import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/** The stored seconds of every suite, from the last whole run that `make test-times` has read. */
const KEPT = join(import.meta.dirname, "..", "times.json");
/** The seconds of the last run. */
const LAST = join(import.meta.dirname, "..", "..", "reports", "test-times.json");
/** Suites of at least so many seconds are printed. */
const LONG_S = 5;

/** Stored seconds by suite. */
export function readTimes() {
  return existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, "utf8")).suites : {};
}

/** Jest's reporter that records the time of each suite in a run. */
export default class TimesReporter {
  onRunComplete(_contexts, { testResults, startTime, numTotalTests, wasInterrupted }) {
    if (wasInterrupted) return;
    const root = join(import.meta.dirname, "..", "..");
    const seconds = ({ perfStats: { start, end } }) => Math.round((end - start) / 100) / 10;
    const suites = testResults
      .map((one) => [relative(root, one.testFilePath), seconds(one)])
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const wallSeconds = Math.round((Date.now() - startTime) / 1000);
    mkdirSync(join(LAST, ".."), { recursive: true });
    writeFileSync(
      LAST,
      `${JSON.stringify({ wallSeconds, tests: numTotalTests, suites: Object.fromEntries(suites) }, undefined, 1)}\n`,
    );
  }
}

/** Prints the last run's times beside the stored ones, and stores the new times. */
function main() {
  if (!existsSync(LAST)) {
    process.stderr.write("No run of the tests is on record. Run `make test` first.\n");
    process.exitCode = 2;
    return;
  }
  const before = readTimes();
  const last = JSON.parse(readFileSync(LAST, "utf8"));
  const rows = Object.entries(last.suites).sort(([, a], [, b]) => b - a);
  const total = rows.reduce((sum, [, seconds]) => sum + seconds, 0);
  process.stdout.write(
    `${last.wallSeconds} s, ${last.tests} tests in ${rows.length} suites, ${Math.round(total)} s of suites in all.\n\n`,
  );
  process.stdout.write("   now   kept  suite\n");
  for (const [suite, seconds] of rows.filter(([, seconds]) => seconds >= LONG_S)) {
    process.stdout.write(
      `${seconds.toFixed(1).padStart(6)} ${(before[suite]?.toFixed(1) ?? "–").padStart(6)}  ${suite}\n`,
    );
  }
  const gone = Object.keys(before).filter((suite) => !(suite in last.suites));
  if (gone.length > 0) {
    process.stdout.write(
      `\nNot stored, because ${gone.length} suites did not run. Run all suites with \`make test\`.\n`,
    );
    return;
  }
  writeFileSync(KEPT, `${JSON.stringify(last, undefined, 2)}\n`);
}

if (process.argv[1] === import.meta.filename) main();
