/**
 * Backup and restore against pg_dump and pg_restore, on this machine. See lab/bench/README.md.
 */
import { messageOf, UserError } from "../../services/common/errors.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { benchBackup } from "./backup.ts";
import { type DataSet, nameOf } from "./dataSet.ts";
import { newPrivateKey } from "./localSigner.ts";
import { bundleWork, measure } from "./measure.ts";
import { type BenchOptions, describeMachine, loadNow, pgDumpVersion, readOptions } from "./options.ts";
import { startSource } from "./postgres.ts";
import { benchRestore } from "./restore.ts";
import { largestDatabases, type Result, sentenceOf, writeResults } from "./results.ts";
import { startS3 } from "./s3.ts";
import { stopServices } from "./service.ts";

async function run(options: BenchOptions): Promise<void> {
  const facts = {
    startedAt: new Date().toISOString(),
    machine: describeMachine(),
    loadAtStart: loadNow(),
    versions: { node: process.version, pgDump: pgDumpVersion(options.peers) },
    command: `node lab/bench/main.ts ${process.argv.slice(2).join(" ")}`.trim(),
  };
  await withTemporaryFolder("bench", async (folder) => {
    const program = await bundleWork(folder);
    const results: Result[] = [];
    for (const data of options.dataSets) {
      for await (const result of benchDataSet(program, data, options)) {
        results.push(result);
        process.stdout.write(`${sentenceOf(result)}\n`);
      }
      // Written after each result, so that an interrupted benchmark keeps what it has.
      await writeResults(options.out, facts, results);
    }
    for (const { operation, shape, largestGigabytes, fixedSeconds, megabytesPerSecond } of largestDatabases(results)) {
      process.stdout.write(
        `${operation}, ${shape}: ${fixedSeconds} s and ${megabytesPerSecond} MB a second, so ${largestGigabytes} GB in 30 minutes, checks included\n`,
      );
    }
    process.stdout.write(`${(await writeResults(options.out, facts, results)).join("\n")}\n`);
  });
}

async function* benchDataSet(program: string, data: DataSet, options: BenchOptions): AsyncGenerator<Result> {
  const { rounds, operations, peers } = options;
  const privateKey = newPrivateKey();
  process.stderr.write(`Preparing ${nameOf(data)}\n`);
  const s3 = await startS3();
  try {
    const source = await startSource(data);
    try {
      const order = { databaseUrl: source.at, store: s3.at, privateKey };
      if (operations.includes("backup")) yield await benchBackup({ ...order, program, data, peers, rounds });
      else await measure(program, { ...order, kind: "backup" });
      if (!operations.includes("backup") || !peers.includes("pg_dump -Fd"))
        await measure(program, { ...order, kind: "pg_dump -Fd" });
    } finally {
      await source.stop();
    }
    if (operations.includes("restore")) yield await benchRestore({ program, data, store: s3.at, privateKey, rounds });
  } finally {
    await s3.stop();
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopServices().finally(() => process.exit(130)));
}
try {
  await run(readOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof UserError ? messageOf(error) : (error as Error).stack}\n`);
  process.exitCode = error instanceof UserError ? 2 : 1;
} finally {
  await stopServices();
}
