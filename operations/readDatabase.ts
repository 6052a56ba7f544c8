import type { Clock } from "../clients/clock.ts";
import { connect } from "../clients/database.ts";
import type { Session } from "../clients/database.ts";
import { findPgTool } from "../clients/pgTools.ts";
import type { Reporter } from "../clients/reporter.ts";
import type { Vault } from "../clients/vault.ts";
import { readScripts, storeSchema, storeScripts } from "./backupParts.ts";
import type { PartContext } from "./backupParts.ts";
import { countForSeed, listAppSchemas, listExtensions, listFilledViews, listSequences } from "./catalog.ts";
import { listLeftOut } from "./leftOut.ts";
import { GiveWay, isLockRefusal, watchForWaiters } from "./giveWay.ts";
import { FORMAT_VERSION } from "./manifest.ts";
import type { BackupPart, Manifest } from "./manifest.ts";
import { digestObjects } from "./objects.ts";
import type { PhaseTimer } from "./phases.ts";
import { planReads } from "./tableReading.ts";
import { readTables } from "./readTables.ts";
import type { ReadQueue } from "./readTables.ts";
import { openSnapshot } from "./snapshot.ts";
import { describeTables } from "./tableContents.ts";
import { together } from "./together.ts";

/** One reading of the database. */
export interface ReadDatabaseOptions {
  databaseUrl: string;
  vault: Vault;
  backupId: string;
  tier: { name: string; prefix: string };
  lockUntil: Date | undefined;
  startedAt: Date;
  /** Fingerprint of the key that will sign. */
  signedBy: string;
  configuration?: (() => Promise<unknown>) | undefined;
  /** To whom the vault seals what is put into it; absent where it doesn't. */
  recipients?: readonly string[] | undefined;
  clock: Clock;
  timer: PhaseTimer;
  reporter: Reporter;
  signal: AbortSignal;
}

/** Connections beside the leading one: a session pooler gives us four. */
const READERS = 3;

/**
 * Reads the whole database under one snapshot and stores every part and chunk of rows. Returns what the manifest is to say.
 * {@link GiveWay} where the run is in somebody's way.
 */
export async function readDatabase(options: ReadDatabaseOptions): Promise<Manifest> {
  const { databaseUrl, vault, backupId, tier, lockUntil, startedAt, clock, timer, reporter, signal } = options;
  const applicationName = `castchat-recovery backup ${backupId}`;
  const session = await connect(databaseUrl, { applicationName, signal });
  try {
    const pgDump = await findPgTool("pg_dump", session.serverMajor);
    await findPgTool("pg_restore", session.serverMajor);
    const snapshot = await timer.run(
      "snapshot",
      `Taking a snapshot of ${session.address.database} for the ${tier.name} tier`,
      () => openSnapshot(session, reporter, signal),
    );
    const snapshotAt = clock();
    // After the snapshot, so that a restored sequence can never be behind a row of it.
    const described = await timer.run("catalog", "Reading what the database holds", () => describe(session));
    const context = { databaseUrl, applicationName, snapshotId: snapshot.id };
    const place = { vault, prefix: tier.prefix, backupId, lockUntil };
    const partContext: PartContext = {
      ...place,
      ...context,
      address: session.address,
      scripts: await readScripts(session),
      configuration: options.configuration,
    };
    const queue: ReadQueue = {
      items: planReads(snapshot.tables, session.serverMajor),
      toCount: [...snapshot.tables].sort((a, b) => b.sizeBytes - a.sizeBytes),
      chunks: [],
      counts: new Map(),
      begun: 0,
    };
    const parts = await timer.run(
      "dump",
      `Dumping ${snapshot.tables.length} tables to ${vault.name}/${tier.prefix}${backupId}`,
      () =>
        watched(session, applicationName, signal, async (inner) => {
          const read = (one: AbortSignal) => readTables({ ...context, ...place }, queue, one);
          const [schema, scripts] = await together<[BackupPart, BackupPart[], ...undefined[]]>(
            inner,
            async (one) => {
              const part = await storeSchema(partContext, one);
              // pg_dump has let go of its connection.
              await read(one);
              return part;
            },
            (one) => storeScripts(partContext, one),
            ...Array.from({ length: READERS - 1 }, () => read),
          );
          return [schema, ...scripts];
        }),
    );
    await session.query("commit");
    const newestAt = [...queue.counts.values()].reduce<Date | undefined>(
      (newest, one) => (newest === undefined || (one.newestAt ?? 0) > newest ? one.newestAt : newest),
      undefined,
    );
    const chunks = queue.chunks.sort((a, b) => (a.key < b.key ? -1 : 1));
    return {
      format: "castchat-backup",
      formatVersion: FORMAT_VERSION,
      backupId,
      kind: "full",
      ...(options.recipients && { encryption: { format: "age" as const, recipients: [...options.recipients] } }),
      suspicions: [],
      tier: tier.name,
      startedAt: startedAt.toISOString(),
      snapshotAt: snapshotAt.toISOString(),
      finishedAt: clock().toISOString(),
      ...(newestAt && { newestDataAt: newestAt.toISOString() }),
      signedBy: options.signedBy,
      source: {
        host: session.address.host,
        database: session.address.database,
        serverVersion: session.serverVersion,
        pgDumpVersion: pgDump.version,
      },
      ...described,
      parts,
      chunks,
      files: [],
      jobs: [],
      publications: [],
      tables: describeTables(snapshot.tables, chunks, queue.counts),
    };
  } finally {
    await session.end();
  }
}

async function describe(session: Session) {
  return {
    extensions: await listExtensions(session),
    appSchemas: await listAppSchemas(session),
    sequences: await listSequences(session),
    filledViews: await listFilledViews(session),
    seedCounts: await countForSeed(session),
    objects: await digestObjects(session),
    leftOut: await listLeftOut(session),
  };
}

/** Runs the work while the leading session, which has nothing else to do, looks whether anyone waits behind it. */
async function watched<T>(
  session: Session,
  applicationName: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const finished = new AbortController();
  try {
    const [result] = await together<[T, undefined]>(
      signal,
      async (inner) => {
        try {
          return await work(inner);
        } finally {
          finished.abort();
        }
      },
      (inner) => watchForWaiters(session, applicationName, AbortSignal.any([inner, finished.signal])),
    );
    return result;
  } catch (error) {
    throw isLockRefusal(error) ? new GiveWay({ cause: error }) : error;
  }
}
