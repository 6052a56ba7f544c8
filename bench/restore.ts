/**
 * Download and restore against a download and `pg_restore -j2`: same data, same S3 client, same S3 server, each into a new
 * server. Prints a line of JSON for each data set. Our time is without the comparison with the manifest, which stands beside it.
 */
import { fillDatabase } from "./data.ts";
import { measure, medianOf } from "./measure.ts";
import type { Measured } from "./measure.ts";
import { describeMachine, newPrivateKey, print, readOptions, rounded } from "./options.ts";
import { startPostgres, startS3 } from "./services.ts";
import type { WorkOrder } from "./work.ts";

const { dataSets, rounds } = readOptions();
for (const data of dataSets) {
  const privateKey = newPrivateKey();
  const s3 = await startS3();
  try {
    const source = await startPostgres();
    try {
      await fillDatabase(source.at, data);
      for (const kind of ["pg_dump", "backup"] as const)
        await measure({ kind, databaseUrl: source.at, store: s3.at, privateKey });
    } finally {
      await source.stop();
    }
    const intoNewServer = async (kind: WorkOrder["kind"]): Promise<Measured> => {
      const target = await startPostgres();
      try {
        return await measure({ kind, databaseUrl: target.at, store: s3.at, privateKey });
      } finally {
        await target.stop();
      }
    };
    const [ours, checks, theirs]: [number[], number[], number[]] = [[], [], []];
    const memory = { ours: 0, theirs: 0 };
    let phases: Measured["phases"] = [];
    for (let round = 0; round < rounds; round += 1) {
      const base = await intoNewServer("pg_restore");
      const own = await intoNewServer("restore");
      const check = (own.phases.find(({ name }) => name === "checks")?.durationMs ?? 0) / 1000;
      theirs.push(base.seconds);
      ours.push(own.seconds - check);
      checks.push(check);
      memory.ours = Math.max(memory.ours, own.peakMegabytes);
      memory.theirs = Math.max(memory.theirs, base.peakMegabytes);
      phases = own.phases;
    }
    print({
      bench: "restore",
      data: data.name,
      rounds,
      seconds: rounded(medianOf(ours)),
      checkSeconds: rounded(medianOf(checks)),
      baselineSeconds: rounded(medianOf(theirs)),
      ratio: rounded(medianOf(theirs) / medianOf(ours)),
      peakMegabytes: Math.round(memory.ours),
      baselinePeakMegabytes: Math.round(memory.theirs),
      lastPhases: phases,
      baseline: "download four files at once, then pg_restore -j2",
      machine: describeMachine(),
    });
  } finally {
    await s3.stop();
  }
}
