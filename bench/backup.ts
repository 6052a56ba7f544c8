/**
 * Backup with upload against `pg_dump -Fd -j2` (its default compression) and an upload of its files: same data, same S3
 * client, same S3 server. Prints a line of JSON for each data set. Our time is without the read-back, which stands beside it.
 */
import { fillDatabase } from "./data.ts";
import { measure, medianOf } from "./measure.ts";
import { describeMachine, newPrivateKey, print, readOptions, rounded } from "./options.ts";
import { startPostgres, startS3 } from "./services.ts";

const { dataSets, rounds } = readOptions();
const privateKey = newPrivateKey();
const s3 = await startS3();
const database = await startPostgres();
try {
  for (const data of dataSets) {
    await fillDatabase(database.at, data);
    const [ours, proofs, theirs]: [number[], number[], number[]] = [[], [], []];
    const memory = { ours: 0, theirs: 0 };
    const sizes = { ours: 0, theirs: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const order = { databaseUrl: database.at, store: s3.at, privateKey };
      const base = await measure({ ...order, kind: "pg_dump" });
      const own = await measure({ ...order, kind: "backup" });
      const proof = (own.phases.find(({ name }) => name === "proof")?.durationMs ?? 0) / 1000;
      theirs.push(base.seconds);
      ours.push(own.seconds - proof);
      proofs.push(proof);
      memory.ours = Math.max(memory.ours, own.peakMegabytes);
      memory.theirs = Math.max(memory.theirs, base.peakMegabytes);
      [sizes.ours, sizes.theirs] = [own.sizeBytes ?? 0, base.sizeBytes ?? 0];
    }
    print({
      bench: "backup",
      data: data.name,
      rounds,
      seconds: rounded(medianOf(ours)),
      readBackSeconds: rounded(medianOf(proofs)),
      baselineSeconds: rounded(medianOf(theirs)),
      ratio: rounded(medianOf(theirs) / medianOf(ours)),
      storedMegabytes: rounded(sizes.ours / 1e6),
      baselineStoredMegabytes: rounded(sizes.theirs / 1e6),
      peakMegabytes: Math.round(memory.ours),
      baselinePeakMegabytes: Math.round(memory.theirs),
      baseline: "pg_dump -Fd -j2 (gzip), then upload of its files, four at once",
      machine: describeMachine(),
    });
  }
} finally {
  await Promise.all([database.stop(), s3.stop()]);
}
