import type { PhaseTimer } from "../../services/common/phases.ts";
import { together, workers } from "../../services/common/pool.ts";
import type { Timing } from "../../services/common/timing.ts";
import { refuseHalfState } from "../gate/replacement.ts";
import { refuseUnreadableLargeObjects } from "../postgres/catalog/largeObjects.ts";
import { findPgTool } from "../postgres/programs/pgTools.ts";
import type { MeasuredTable } from "../postgres/rows/measureTables.ts";
import { planReads } from "../postgres/rows/tableReading.ts";
import type { Session } from "../postgres/session/database.ts";
import { tableKey } from "../postgres/session/quote.ts";
import { type StoredProject, storeProject } from "../project/storeProject.ts";
import { listStorageObjects, type StorageRow } from "../project/storeStorage.ts";
import { KINDS } from "../vault/backupKinds.ts";
import type { RunPlace } from "../vault/storePart.ts";
import type { BackupOptions } from "./backupOptions.ts";
import { storeConfiguration, storeDefinitions, type StoredParts, storeScripts } from "./backupParts.ts";
import { type DatabaseDescription, describeDatabase, type DescriptionWish } from "./describeDatabase.ts";
import { type Holder, openHolder } from "./holder.ts";
import { PROJECT_LEFT_OUT } from "./leftOut.ts";
import { type Contention, underWatch } from "./lockConflict.ts";
import { releaseOthers } from "./lockRelations.ts";
import { type ManifestBody, manifestBody } from "./manifestBody.ts";
import { readHeldTables, type ReadQueue, readTables, type TableWork } from "./readTables.ts";
import { openSnapshot } from "./snapshot.ts";
import { type Reading, withReader } from "./snapshotReader.ts";

/** What to read of a database, and where to store it. */
export interface ReadDatabaseOptions
  extends RunPlace, DescriptionWish, Pick<BackupOptions, "configuration" | "project" | "clock" | "reporter"> {
  databaseUrl: string;
  /** The leading session, without an open transaction. */
  session: Session;
  timing: Timing;
  /** What earlier attempts of the run have learned about other sessions. */
  contention: Contention;
  timer: PhaseTimer;
  signal: AbortSignal;
}

/** Connections of a run in addition to the leading one. A session pooler allows four in all. */
const READERS = 3;

/**
 * Reads the database under one snapshot, and stores every part and chunk of rows that this kind of backup holds.
 *
 * @throws LockConflict if the run blocks another session or is blocked; by then the run has released its locks
 */
export async function readDatabase(options: ReadDatabaseOptions): Promise<ManifestBody> {
  const { session, backupId } = options;
  const pgDump = await findPgTool("pg_dump", session.serverMajor, session.address);
  await findPgTool("pg_restore", session.serverMajor);
  await refuseHalfState(session);
  const run = { ...options, pgDump, applicationName: backupApplicationName(backupId) };
  const holder = await openHolder(session, run);
  try {
    return await readUnderSnapshot(run, holder);
  } finally {
    await holder?.session.end();
  }
}

async function readUnderSnapshot(
  options: ReadDatabaseOptions & Pick<Reading, "applicationName" | "pgDump">,
  holder: Holder | undefined,
): Promise<ManifestBody> {
  const { session, kind, timing, clock, timer, reporter, signal } = options;
  const { address, serverMajor } = session;
  const snapshot = await timer.run("snapshot", `Taking a snapshot of ${address.database}`, () =>
    openSnapshot(session, reporter, { holder, timing, signal }),
  );
  // Again, and as the snapshot shows it: a replacement may have begun while the locks were waited for.
  await refuseHalfState(session);
  if (KINDS[kind].largeObjects) await refuseUnreadableLargeObjects(session);
  const snapshotAt = clock();
  const reading = { ...options, snapshotId: snapshot.id };
  const read = await underWatch(reading, signal, async (watched) => {
    // After the snapshot, so that a sequence is never behind the rows that use it.
    const description = await timer.run("catalog", "Reading what the database holds", () =>
      withReader(reading, watched, (reader) => describeDatabase(reader, options, snapshot.tables)),
    );
    const { tables } = description;
    const isHeld = (table: MeasuredTable) => holder?.keys.has(tableKey(table)) === true;
    const queue: ReadQueue = {
      ...workOn(
        tables.filter((table) => !isHeld(table)),
        serverMajor,
      ),
      held: workOn(tables.filter(isHeld), serverMajor),
      chunks: [],
      counts: new Map(),
      begun: 0,
    };
    const place = `${reading.vault.name}/${reading.prefix}${reading.backupId}`;
    const stored = await timer.run("dump", `Dumping ${tables.length} tables to ${place}`, () =>
      dump(options, { reading, holder: holder?.session, description, queue }, watched),
    );
    return { description, queue, ...stored };
  });
  await session.query("commit");
  // The snapshot is released first: reading files may take long, and each file is compared with its row.
  const storedProject = await timer.run("project", "Reading storage, functions and auth settings", () =>
    readProject(options, reading, read.description.objects),
  );
  const { unreadable } = snapshot;
  const { version: pgDumpVersion } = options.pgDump;
  const finishedAt = clock();
  return manifestBody({ ...read, kind, session, pgDumpVersion, snapshotAt, finishedAt, unreadable, storedProject });
}

function workOn(tables: readonly MeasuredTable[], serverMajor: number): TableWork {
  return { items: planReads(tables, serverMajor), toCount: [...tables].sort((a, b) => b.sizeBytes - a.sizeBytes) };
}

/** The application name of a run's sessions. */
export function backupApplicationName(backupId: string): string {
  return `castchat-recovery backup ${backupId}`;
}

/** What {@link dump} reads. */
interface Dump {
  reading: Reading;
  /** The session that holds the contended tables. */
  holder: Session | undefined;
  description: DatabaseDescription;
  queue: ReadQueue;
}

/** Stores every part and chunk over the three connections that the run has in addition to the leading one. */
async function dump(
  { session, configuration, sealer }: ReadDatabaseOptions,
  { reading, holder, description: { scripts }, queue }: Dump,
  signal: AbortSignal,
): Promise<StoredParts> {
  const readRows = (one: AbortSignal) => readTables(reading, queue, one);
  let defining: ReturnType<typeof storeDefinitions> | undefined;
  const define = (one: AbortSignal) => (defining ??= storeDefinitions(reading, session.address, scripts, one));
  const defineThenRead = async (one: AbortSignal) => {
    const stored = await define(one);
    await releaseOthers(session);
    // pg_dump has closed its connection, so this reader may open one.
    await readRows(one);
    return stored;
  };
  const releaseThenRead = async (one: AbortSignal) => {
    if (holder !== undefined) await readHeldTables(reading, queue, { holder, defined: define(one), signal: one });
    await readRows(one);
  };
  const [definitions, , others, collected] = await together(
    signal,
    defineThenRead,
    releaseThenRead,
    (one) => storeScripts(reading, scripts, one),
    (one) => storeConfiguration(reading, { configuration, sealer }, one),
    (one) => workers(READERS - 2, one, readRows),
  );
  return {
    parts: [...definitions, ...others, ...collected.parts],
    missing: collected.missing,
    unsealed: collected.unsealed,
  };
}

async function readProject(
  { kind, project, session, sealer, reporter, signal }: ReadDatabaseOptions,
  place: RunPlace,
  objects: readonly StorageRow[] | undefined,
): Promise<StoredProject> {
  if (!KINDS[kind].project || project === undefined) {
    return { parts: [], files: [], leftOut: [...PROJECT_LEFT_OUT], lacks: {} };
  }
  const rowsNow = () => listStorageObjects(session);
  return await storeProject({ project, objects, rowsNow, place, isSealed: sealer !== undefined, reporter, signal });
}
