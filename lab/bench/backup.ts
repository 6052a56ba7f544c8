import { type DataSet, nameOf } from "./dataSet.ts";
import { measure, type Measured, secondsOf } from "./measure.ts";
import { loadNow, type Peer } from "./options.ts";
import { figuresOf, type Result } from "./results.ts";
import { type BenchStore, emptyStore } from "./s3.ts";

/** The inputs of a backup measurement. */
export interface BackupBench {
  program: string;
  data: DataSet;
  databaseUrl: string;
  store: BenchStore;
  privateKey: string;
  peers: readonly Peer[];
  rounds: number;
}

const NAMES: Record<Peer, string> = {
  "pg_dump -Fd": "pg_dump -Fd -j2 (gzip, its default level), then an upload of its files, four at once",
  "pg_dump -Fc": "pg_dump -Fc (gzip, its default level), piped into an upload",
  "pg_dump -Fd -Z zstd": "pg_dump -Fd -j2 -Z zstd (its default level), then an upload of its files, four at once",
};

/** The prefix of each peer's dump (work.ts). */
const PLACES: Record<Peer, string> = {
  "pg_dump -Fd": "folder/",
  "pg_dump -Fc": "file/",
  "pg_dump -Fd -Z zstd": "folder-zstd/",
};

/** The prefix of our backups. */
const PREFIX = "daily/";

/**
 * Measures a backup with upload in turns with pg_dump and an upload: same data, same S3 client, same S3 server. Our time excludes the
 * read-back, which is reported separately. The last backup and the last folder dump stay in the store.
 */
export async function benchBackup(bench: BackupBench): Promise<Result> {
  const { program, data, databaseUrl, store, privateKey, peers, rounds } = bench;
  const load = loadNow();
  const ours: Measured[] = [];
  const theirs = new Map<Peer, Measured[]>(peers.map((peer) => [peer, []]));
  const order = { databaseUrl, store, privateKey };
  for (let round = 0; round < rounds; round += 1) {
    const own = async () => {
      // Each round begins with the same number of backups in the store.
      await emptyStore(store, PREFIX);
      ours.push(await measure(program, { ...order, kind: "backup" }));
    };
    const others = async () => {
      for (const [peer, runs] of theirs) {
        // Our client never overwrites a key.
        await emptyStore(store, PLACES[peer]);
        runs.push(await measure(program, { ...order, kind: peer }));
      }
    };
    // The second side finds a warmer machine.
    for (const side of round % 2 === 0 ? [others, own] : [own, others]) await side();
  }
  return {
    operation: "backup",
    data: nameOf(data),
    shape: data.shape,
    megabytes: data.megabytes,
    rounds,
    ours: figuresOf(ours, (run) => run.seconds - secondsOf(run, "proof")),
    beside: { name: "read-back", ...figuresOf(ours, (run) => secondsOf(run, "proof")) },
    peers: [...theirs].map(([peer, runs]) => ({ name: NAMES[peer], ...figuresOf(runs, (run) => run.seconds) })),
    phases: ours.at(-1)?.phases ?? [],
    load,
  };
}
