import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import type { PhaseTimer } from "../../services/common/phases.ts";
import { together } from "../../services/common/pool.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { type Timing } from "../../services/common/timing.ts";
import type { ProjectContent } from "../../services/databaseHost/supabaseContent.ts";
import type { Sealer } from "../../services/vault/age.ts";
import { lackOf } from "../configuration/configuration.ts";
import { refuseHalfState } from "../gate/replacement.ts";
import {
  countForSeed,
  listAppSchemas,
  listExtensions,
  listFilledViews,
  listSequences,
} from "../postgres/catalog/catalog.ts";
import { jobForManifest } from "../postgres/catalog/heldBack.ts";
import { readLargeObjects } from "../postgres/catalog/largeObjects.ts";
import { digestObjects, LATER_KINDS } from "../postgres/catalog/objects.ts";
import { readVaultSecrets } from "../postgres/catalog/vaultSecrets.ts";
import { findPgTool } from "../postgres/programs/pgTools.ts";
import { readPlatformRights } from "../postgres/roles/platformRights.ts";
import type { MeasuredTable } from "../postgres/rows/measureTables.ts";
import { resolveTables } from "../postgres/rows/resolveTables.ts";
import { planReads } from "../postgres/rows/tableReading.ts";
import type { Session } from "../postgres/session/database.ts";
import { tableKey } from "../postgres/session/quote.ts";
import { readSystemIdentifier } from "../postgres/session/systemIdentifier.ts";
import { storeProject } from "../project/storeProject.ts";
import { listStorageObjects } from "../project/storeStorage.ts";
import { type BackupKind, type KindContent, KINDS } from "../vault/backupKinds.ts";
import type { MissingPart } from "../vault/configurationPart.ts";
import type { Lacks } from "../vault/lacks.ts";
import type { BackupPart, Manifest } from "../vault/manifest.ts";
import type { RunPlace } from "../vault/storePart.ts";
import { countInTables, describeTables } from "../vault/tableContents.ts";
import { type PartContext, readScripts, storeDefinitions, storeScripts } from "./backupParts.ts";
import type { WaitedMs } from "./giveWay.ts";
import { listLeftOut, PROJECT_LEFT_OUT } from "./leftOut.ts";
import { letGoOfOthers } from "./lockRelations.ts";
import { type ReadContext, type ReadQueue, readTables } from "./readTables.ts";
import { refuseUnreadableLargeObjects } from "./refuseLargeObjects.ts";
import { openSnapshot } from "./snapshot.ts";
import { withReader } from "./snapshotReader.ts";
import { underWatch } from "./underWatch.ts";

/** One reading of the database. */
export interface ReadDatabaseOptions extends RunPlace {
  databaseUrl: string;
  /** The leading session, without an open transaction. */
  session: Session;
  kind: BackupKind;
  /** "schema.table"; what a backup of kind critical holds. */
  criticalTables: readonly string[];
  configuration?: (() => Promise<unknown>) | undefined;
  /** What the project holds beside its database; a full backup holds it too. */
  project?: ProjectContent | undefined;
  /** Present where the vault seals what is put into it: what is secret may be stored. */
  sealer?: Sealer | undefined;
  timing: Timing;
  /** How long others have waited behind earlier attempts of the run. */
  waited: WaitedMs;
  clock: Clock;
  timer: PhaseTimer;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What a reading has found: the manifest's share that comes from the database and its parts. */
export type DatabaseReading = Omit<
  Manifest,
  "format" | "formatVersion" | "backupId" | "kind" | "encryption" | "suspicions" | "tier" | "startedAt" | "signedBy"
>;

/** Connections beside the leading one: a session pooler gives us four. */
const READERS = 3;

/**
 * Reads the database under one snapshot and stores every part and chunk of rows that this kind of backup holds.
 * GiveWay where the run is in somebody's way; nobody waits behind it then any more.
 */
export async function readDatabase(options: ReadDatabaseOptions): Promise<DatabaseReading> {
  const { databaseUrl, session, vault, prefix, backupId, attempt, lockUntil, kind } = options;
  const { timing, clock, timer, reporter, signal } = options;
  const content = KINDS[kind];
  const applicationName = backupApplicationName(backupId);
  const pgDump = await findPgTool("pg_dump", session.serverMajor);
  await findPgTool("pg_restore", session.serverMajor);
  await refuseHalfState(session);
  const snapshot = await timer.run("snapshot", `Taking a snapshot of ${session.address.database}`, () =>
    openSnapshot(session, reporter, { timing, signal }),
  );
  if (content.largeObjects) await refuseUnreadableLargeObjects(session);
  const snapshotAt = clock();
  const watch = { session, applicationName, waited: options.waited, timing };
  const place = { vault, prefix, backupId, attempt, lockUntil };
  const context = { ...place, databaseUrl, applicationName, snapshotId: snapshot.id, timing };
  const missing: MissingPart[] = [];
  const read = await underWatch(watch, signal, async (watched) => {
    // After the snapshot, so that a restored sequence can never be behind a row of it.
    const described = await timer.run("catalog", "Reading what the database holds", () =>
      withReader(context, watched, (reader) => describe(reader, options, snapshot.tables)),
    );
    const { tables } = described;
    const queue: ReadQueue = {
      items: planReads(tables, session.serverMajor),
      toCount: [...tables].sort((a, b) => b.sizeBytes - a.sizeBytes),
      chunks: [],
      counts: new Map(),
      begun: 0,
    };
    const partContext: PartContext = {
      ...context,
      kind,
      address: session.address,
      scripts: described.scripts,
      configuration: options.configuration,
      missing,
    };
    const parts = await timer.run("dump", `Dumping ${tables.length} tables to ${vault.name}/${prefix}${backupId}`, () =>
      dump(partContext, context, queue, () => letGoOfOthers(session), watched),
    );
    return { ...described, queue, parts };
  });
  await session.query("commit");
  // The snapshot is let go of before: bytes may take long, and tell by themselves when they are not its rows'.
  const beside = await timer.run("project", "Reading what lies beside the database", () =>
    content.project && options.project !== undefined
      ? storeProject({
          project: options.project,
          objects: read.objects,
          rowsNow: () => listStorageObjects(session),
          place,
          isSealed: options.sealer !== undefined,
          reporter,
          signal,
        })
      : Promise.resolve({ parts: [], files: [], leftOut: PROJECT_LEFT_OUT, lacks: {} }),
  );
  const newestAt = [...read.queue.counts.values()].reduce<Date | undefined>(
    (newest, one) => (newest === undefined || (one.newestAt ?? 0) > newest ? one.newestAt : newest),
    undefined,
  );
  const chunks = read.queue.chunks.sort((a, b) => (a.key < b.key ? -1 : 1));
  const contents = describeTables(read.tables, chunks, read.queue.counts);
  const heldBack = content.definitions ? read.scripts.heldBack : { jobs: [], publications: [] };
  return {
    snapshotAt: snapshotAt.toISOString(),
    finishedAt: clock().toISOString(),
    ...(newestAt && { newestDataAt: newestAt.toISOString() }),
    source: {
      host: session.address.host,
      port: session.address.port,
      ...(read.systemIdentifier !== undefined && { systemIdentifier: read.systemIdentifier }),
      database: session.address.database,
      serverVersion: session.serverVersion,
      pgDumpVersion: pgDump.version,
    },
    ...read.content,
    leftOut: [
      ...read.content.leftOut,
      ...(content.definitions ? read.scripts.leftOut : []),
      ...snapshot.unreadable,
      ...read.vaultContent.leftOut,
      ...beside.leftOut,
      ...missing.map(lackOf),
    ],
    ...(content.project && { lacks: { ...beside.lacks, ...lackingConfiguration(missing) } }),
    ...(content.rows === "all" ? {} : { seedCounts: countInTables(contents) }),
    parts: [...read.parts, ...beside.parts],
    chunks,
    files: beside.files,
    jobs: heldBack.jobs.map(jobForManifest),
    publications: heldBack.publications.map(({ name }) => name),
    tables: contents,
  };
}

/** The configuration's line among what a backup lacks; none where it is whole. */
export function lackingConfiguration(missing: readonly MissingPart[]): Pick<Lacks, "configuration"> {
  return missing.length === 0 ? {} : { configuration: missing.map(({ part }) => part) };
}

/** What the server shows of a run's sessions. */
export function backupApplicationName(backupId: string): string {
  return `castchat-recovery backup ${backupId}`;
}

async function tablesOf(
  session: Session,
  { rows }: KindContent,
  tables: MeasuredTable[],
  criticalTables: readonly string[],
): Promise<MeasuredTable[]> {
  if (rows !== "critical") return rows === "all" ? tables : [];
  const critical = await resolveTables(session, criticalTables);
  const missing = critical.filter(({ keys }) => keys.length === 0);
  if (missing.length > 0) {
    throw new UserError(
      `There is no table ${missing.map(({ name }) => name).join(", ")} in ${session.address.database}: correct criticalTables.`,
    );
  }
  const wanted = new Set(critical.flatMap(({ keys }) => keys));
  return tables.filter((table) => wanted.has(tableKey(table)));
}

/** All that the manifest and the parts tell of the database beside its rows, as the snapshot shows it. */
async function describe(
  session: Session,
  { kind, criticalTables, sealer }: ReadDatabaseOptions,
  tables: MeasuredTable[],
) {
  const content = KINDS[kind];
  const vaultContent = await readVaultSecrets(session, sealer !== undefined);
  return {
    systemIdentifier: await readSystemIdentifier(session),
    content: {
      extensions: await listExtensions(session),
      appSchemas: await listAppSchemas(session),
      sequences: await listSequences(session),
      filledViews: await listFilledViews(session),
      seedCounts: await countForSeed(session),
      objects: await digestObjects(session),
      laterKinds: [...LATER_KINDS],
      ...(content.definitions && { platformRights: await readPlatformRights(session) }),
      ...(content.largeObjects && { largeObjects: await readLargeObjects(session) }),
      leftOut: await listLeftOut(session),
    },
    objects: await listStorageObjects(session),
    vaultContent,
    tables: await tablesOf(session, content, tables, criticalTables),
    scripts: await readScripts(session, vaultContent.secrets),
  };
}

/** Stores every part and chunk over the run's three connections beside the leading one. */
async function dump(
  partContext: PartContext,
  context: ReadContext,
  queue: ReadQueue,
  onDefined: () => Promise<void>,
  signal: AbortSignal,
): Promise<BackupPart[]> {
  const read = (one: AbortSignal) => readTables(context, queue, one);
  const [definitions, scripts] = await together<[BackupPart[], BackupPart[], ...undefined[]]>(
    signal,
    async (one) => {
      const stored = await storeDefinitions(partContext, one);
      await onDefined();
      // pg_dump has let go of its connection.
      await read(one);
      return stored;
    },
    (one) => storeScripts(partContext, one),
    ...Array.from({ length: READERS - 1 }, () => read),
  );
  return [...definitions, ...scripts];
}
