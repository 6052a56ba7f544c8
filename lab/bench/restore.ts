import { type DataSet, nameOf } from "./dataSet.ts";
import { measure, type Measured, secondsOf } from "./measure.ts";
import { loadNow } from "./options.ts";
import { startTarget } from "./postgres.ts";
import { figuresOf, type Result } from "./results.ts";
import type { BenchStore } from "./s3.ts";
import type { WorkOrder } from "./work.ts";

/** The inputs of a restore measurement: a store with a backup of ours and a folder dump. */
export interface RestoreBench {
  program: string;
  data: DataSet;
  store: BenchStore;
  privateKey: string;
  rounds: number;
}

/**
 * Measures a restore with download in turns with a download and `pg_restore -j2`: same data, same S3 client, same S3 server, each into a
 * new server. Our time excludes the comparison with the manifest, which is reported separately.
 */
export async function benchRestore(bench: RestoreBench): Promise<Result> {
  const { program, data, store, privateKey, rounds } = bench;
  const load = loadNow();
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  const intoNewServer = async (kind: WorkOrder["kind"]): Promise<Measured> => {
    const target = await startTarget();
    try {
      return await measure(program, { kind, databaseUrl: target.at, store, privateKey });
    } finally {
      await target.stop();
    }
  };
  for (let round = 0; round < rounds; round += 1) {
    const own = async () => void ours.push(await intoNewServer("restore"));
    const other = async () => void theirs.push(await intoNewServer("pg_restore"));
    for (const side of round % 2 === 0 ? [other, own] : [own, other]) await side();
  }
  return {
    operation: "restore",
    data: nameOf(data),
    shape: data.shape,
    megabytes: data.megabytes,
    rounds,
    ours: figuresOf(ours, (run) => run.seconds - secondsOf(run, "checks")),
    beside: { name: "checks", ...figuresOf(ours, (run) => secondsOf(run, "checks")) },
    peers: [
      {
        name: "download of a folder dump (gzip), four files at once, then pg_restore -j2",
        ...figuresOf(theirs, (run) => run.seconds),
      },
    ],
    phases: ours.at(-1)?.phases ?? [],
    load,
  };
}
