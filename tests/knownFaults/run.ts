import { existsSync } from "node:fs";
import { chmod, cp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import ts from "typescript";

import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { BACKUP_FAULTS } from "./backupFaults.ts";
import { applied, editsOf, type KnownFault } from "./knownFault.ts";
import { RECOVERY_FAULTS } from "./recoveryFaults.ts";
import { TRUST_FAULTS } from "./trustFaults.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** Folders that Git does not track and the tests need. */
const LINKED = ["node_modules", ".tools"];
/** A fault may keep a suite from ending. */
const MOST_MS = 15 * 60_000;
/** Of a reason: a suite that does not run says so for each of its tests. */
const MOST_CHARACTERS = 600;
/** Failures that show broken code, not the fault. */
const BROKEN =
  /SyntaxError|ReferenceError|Cannot find module|is not a (function|constructor)|does not provide an export/;

type Suite = Pick<KnownFault, "suite" | "test">;

/** The part of Jest's report that matters here. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

/** Copies the tracked files as they are in the working tree. */
async function copyTree(folder: string): Promise<void> {
  // PostgreSQL runs as another user if the tests run as root.
  await chmod(folder, 0o755);
  const { stdout } = await execa("git", ["ls-files", "-z"], { cwd: ROOT });
  const files = stdout.split("\0").filter((file) => file !== "" && existsSync(join(ROOT, file)));
  for (const file of files) await cp(join(ROOT, file), join(folder, file));
  for (const name of LINKED) await symlink(join(ROOT, name), join(folder, name));
}

/** Runs the tests of a suite. Throws if the suite itself does not run. */
async function runSuite(folder: string, { suite, test }: Suite, cancelSignal: AbortSignal): Promise<Report> {
  const report = join(folder, "report.json");
  await rm(report, { force: true });
  // A fault may leave a connection open, for which Jest would wait.
  const options = [
    "-w=1",
    "--forceExit",
    "--json",
    `--outputFile=${report}`,
    `--cacheDirectory=${join(folder, ".jest")}`,
  ];
  try {
    const { all, timedOut } = await execa(
      process.execPath,
      [
        join("node_modules", "jest", "bin", "jest.js"),
        ...options,
        ...(test ? ["-t", test] : []),
        "--runTestsByPath",
        suite,
      ],
      {
        cwd: folder,
        env: { NODE_OPTIONS: "--experimental-vm-modules --no-warnings" },
        stdin: "ignore",
        // Out of the terminal's process group, so that Ctrl-C reaches only this process, which then cleans up.
        detached: true,
        all: true,
        reject: false,
        cancelSignal,
        timeout: MOST_MS,
      },
    );
    cancelSignal.throwIfAborted();
    if (timedOut) throw new Error(`${suite} did not end within ${MOST_MS / 60_000} minutes.`);
    if (!existsSync(report)) throw new Error(`${suite} has no result: ${all}`);
    const result = JSON.parse(await readFile(report, "utf8")) as Report;
    if (result.numRuntimeErrorTestSuites > 0)
      throw new Error(`${suite} did not run: ${result.testResults.map(({ message }) => message).join("\n")}`);
    return result;
  } finally {
    await endProcessesIn(folder);
  }
}

/** Ends the servers that a suite has left. Their working directory is in the folder. Linux only, from /proc. */
async function endProcessesIn(folder: string): Promise<void> {
  if (!existsSync("/proc/self/cwd")) return;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const directory = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (!directory.startsWith(`${folder}/`) && directory !== folder) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Type errors in files of the copy, in words. */
function typeErrors(folder: string, files: readonly string[]): string {
  const host: ts.ParseConfigFileHost = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const config = ts.getParsedCommandLineOfConfigFile(join(folder, "tsconfig.json"), {}, host);
  if (config === undefined) throw new Error("tsconfig.json cannot be read.");
  const paths = files.map((file) => join(folder, file));
  const program = ts.createProgram(paths, config.options);
  return paths
    .map((path) => program.getSourceFile(path))
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))
    .join(" ");
}

/** The name of a test that fails with the fault. Throws, with the reason, if there is none. */
async function catcherOf(folder: string, fault: KnownFault, signal: AbortSignal): Promise<string> {
  const originals = new Map<string, string>();
  try {
    for (const edit of editsOf(fault)) {
      const path = join(folder, edit.file);
      const text = await readFile(path, "utf8");
      const changed = applied(text, edit);
      if (!originals.has(path)) originals.set(path, text);
      await writeFile(path, changed);
    }
    const errors = typeErrors(folder, [...new Set(editsOf(fault).map(({ file }) => file))]);
    if (errors !== "") throw new Error(`the code with the fault does not compile: ${errors}`);
    const { testResults } = await runSuite(folder, fault, signal);
    const failed = testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(
        ({ status, failureMessages: [message = ""] }) => status === "failed" && !BROKEN.test(message),
      ),
    );
    if (failed[0] === undefined) throw new Error(`${fault.suite} passes with the fault`);
    return failed[0].fullName;
  } finally {
    for (const [path, text] of originals) await writeFile(path, text);
  }
}

/** Runs `work`, and prints one line with its result and how long it took. Returns whether it succeeded. */
async function report(signal: AbortSignal, subject: string, work: () => Promise<string>): Promise<boolean> {
  const start = performance.now();
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const took = () => `${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s`;
  try {
    const outcome = await work();
    print(`${took()}  ${subject}: ${outcome}`);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    print(`${took()}  ${subject}: NOT CAUGHT: ${(error as Error).message.trim().slice(0, MOST_CHARACTERS)}`);
    return false;
  }
}

/** Each suite passes without a fault, and fails with each of its faults. Returns how many faults are not caught. */
async function tryFaults(folder: string, faults: readonly KnownFault[], signal: AbortSignal): Promise<number> {
  const passing = new Map<string, boolean>();
  let missed = 0;
  for (const fault of faults) {
    const key = JSON.stringify([fault.suite, fault.test]);
    const passes =
      passing.get(key) ??
      (await report(signal, `without a fault ${fault.suite}`, async () => {
        const { numPassedTests, numFailedTests } = await runSuite(folder, fault, signal);
        if (numFailedTests > 0 || numPassedTests === 0)
          throw new Error(`${numPassedTests} tests pass and ${numFailedTests} fail, so the suite proves nothing`);
        return `${numPassedTests} tests pass`;
      }));
    passing.set(key, passes);
    const isCaught =
      passes && (await report(signal, fault.name, async () => `caught by "${await catcherOf(folder, fault, signal)}"`));
    if (!isCaught) missed += 1;
  }
  return missed;
}

/** `make known-faults [ONLY=pattern]`. @param only a part of a fault's name, file or suite */
async function main(only: string): Promise<number> {
  const wanted = [...BACKUP_FAULTS, ...RECOVERY_FAULTS, ...TRUST_FAULTS].filter((fault) =>
    new RegExp(only, "i").test(JSON.stringify(fault)),
  );
  if (wanted.length === 0) {
    process.stderr.write(`No known fault matches ${only}.\n`);
    return 2;
  }
  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      interruption.abort(new Error("Interrupted; no file of the project was changed."));
    });
  try {
    const missed = await withTemporaryFolder("known-faults", async (folder) => {
      await copyTree(folder);
      return await tryFaults(folder, wanted, interruption.signal);
    });
    process.stdout.write(`${wanted.length - missed} of ${wanted.length} known faults are caught.\n`);
    return missed === 0 ? 0 : 1;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    return 130;
  }
}

process.exitCode = await main(process.argv[2] ?? "");
