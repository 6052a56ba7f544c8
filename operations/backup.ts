import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../clients/clock.ts";
import { connect } from "../clients/database.ts";
import type { Session } from "../clients/database.ts";
import { findPgTool } from "../clients/pgTools.ts";
import type { Reporter } from "../clients/reporter.ts";
import { fingerprintOfKey } from "../clients/signer.ts";
import type { Signer } from "../clients/signer.ts";
import type { Vault } from "../clients/vault.ts";
import { backupIdFor } from "../planning/backupId.ts";
import { tierForRun } from "../planning/calendar.ts";
import type { CalendarTier } from "../planning/calendar.ts";
import { readScripts, storeParts } from "./backupParts.ts";
import { countForSeed, listAppSchemas, listExtensions, listLeftOut, listSequences } from "./catalog.ts";
import type { TableFacts } from "./catalog.ts";
import { fingerprintTable } from "./fingerprint.ts";
import { moveLegalHold } from "./legalHold.ts";
import { listBackups, takenAt } from "./listBackups.ts";
import type { TierPrefix } from "./listBackups.ts";
import { FORMAT_VERSION, MANIFEST, PROOF, SIGNATURE, keyOf, manifestBytes, proofBytes } from "./manifest.ts";
import type { BackedUpTable, BackupPart, Manifest } from "./manifest.ts";
import { digestObjects } from "./objects.ts";
import { PhaseTimer } from "./phases.ts";
import type { Phase } from "./phases.ts";
import { readBack } from "./readBack.ts";
import { openSnapshot } from "./snapshot.ts";
import { together } from "./together.ts";

/** A tier as a backup needs it; planning/tiers.ts has them. */
export interface BackupTier extends CalendarTier, TierPrefix {
  /** Days for which the objects are locked; none or 0 for no lock (needs a bucket with Object Lock). */
  readonly lockDays?: number;
}

/** What to back up, and where to. */
export interface BackupOptions {
  databaseUrl: string;
  vault: Vault;
  signer: Signer;
  /** Public keys (PEM) of other writers whose backups in this vault count for the calendar; the signer's own always does. */
  trustedKeys?: readonly string[];
  /** Shortest period first. */
  tiers: readonly BackupTier[];
  clock: Clock;
  /** Settings, names and states that are stored beside the database. */
  configuration?: (() => Promise<unknown>) | undefined;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** A proven backup. */
export interface BackupResult {
  backupId: string;
  tier: string;
  /** When the snapshot was taken, ISO 8601. */
  snapshotAt: string;
  /** Newest row by the tables' own time columns, ISO 8601. */
  newestDataAt: string | undefined;
  tables: number;
  rows: number;
  /** Stored, compressed. */
  sizeBytes: number;
  phases: Phase[];
  durationMs: number;
}

const DAY_MS = 86_400_000;

/**
 * Takes one consistent backup of the database, stores it, and reads it back. The result is a proven backup, or an error:
 * UserError where the set-up is wrong, PromiseError where what was read back is not what was written. A run that fails
 * leaves no manifest, so it leaves no backup.
 */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  const { vault, signer, clock, reporter } = options;
  const signal = options.signal ?? new AbortController().signal;
  const started = performance.now();
  const startedAt = clock();
  const timer = new PhaseTimer(reporter);
  const ownKey = await signer.publicKeyPem();
  const trustedKeys = [ownKey, ...(options.trustedKeys ?? [])];
  const earlier = await listBackups({ vault, trustedKeys, tiers: options.tiers, signal });
  const proven = earlier.filter((one) => one.proven);
  const tier = tierForRun(
    startedAt,
    options.tiers,
    proven.map((one) => ({ tier: one.tier, takenAt: new Date(takenAt(one)) })),
  );
  const backupId = backupIdFor(startedAt, randomBytes(3).toString("hex"));
  const lockUntil = tier.lockDays ? new Date(startedAt.getTime() + tier.lockDays * DAY_MS) : undefined;

  const session = await connect(options.databaseUrl, {
    applicationName: `castchat-recovery backup ${backupId}`,
    signal,
  });
  let manifest: Manifest;
  try {
    const pgDump = await findPgTool("pg_dump", session.serverMajor);
    await findPgTool("pg_restore", session.serverMajor);
    const snapshot = await timer.run(
      "snapshot",
      `Taking a snapshot of ${session.address.database} for the ${tier.name} tier`,
      () => openSnapshot(session, reporter, signal),
    );
    const snapshotAt = clock();
    // Before the dumps, so that a restored sequence can never be behind what the manifest says.
    const described = await timer.run("catalog", "Reading what the database holds", () => describe(session));
    const place = { vault, prefix: tier.prefix, backupId, lockUntil };
    const dump = {
      ...place,
      address: session.address,
      snapshotId: snapshot.id,
      scripts: await readScripts(session),
      configuration: options.configuration,
    };
    const [parts, { tables, newestAt }] = await timer.run(
      "dump",
      `Dumping ${snapshot.tables.length} tables to ${vault.name}/${tier.prefix}${backupId}`,
      () =>
        together<[BackupPart[], Contents]>(
          signal,
          (inner) => storeParts(dump, inner),
          () => fingerprintAll(session, snapshot.tables),
        ),
    );
    await session.query("commit");
    manifest = {
      format: "castchat-backup",
      formatVersion: FORMAT_VERSION,
      backupId,
      tier: tier.name,
      startedAt: startedAt.toISOString(),
      snapshotAt: snapshotAt.toISOString(),
      finishedAt: clock().toISOString(),
      ...(newestAt && { newestDataAt: newestAt.toISOString() }),
      signedBy: fingerprintOfKey(ownKey),
      source: {
        host: session.address.host,
        database: session.address.database,
        serverVersion: session.serverVersion,
        pgDumpVersion: pgDump.version,
      },
      ...described,
      parts,
      tables,
    };
  } finally {
    await session.end();
  }

  const bytes = manifestBytes(manifest);
  const stored = { lockUntil, signal };
  await timer.run("sign", "Signing the manifest", async () => {
    const signature = await signer.sign(bytes);
    await vault.put(
      keyOf(tier.prefix, backupId, SIGNATURE),
      Buffer.from(Buffer.from(signature).toString("base64"), "ascii"),
      { ...stored, contentType: "text/plain" },
    );
    await vault.put(keyOf(tier.prefix, backupId, MANIFEST), bytes, { ...stored, contentType: "application/json" });
  });
  await timer.run("proof", "Reading the backup back", async () => {
    await readBack(vault, manifest, signal);
    const statement = JSON.stringify({
      backupId,
      manifestSha256: createHash("sha256").update(bytes).digest("hex"),
      provenAt: clock().toISOString(),
    });
    const signature = await signer.sign(Buffer.from(statement, "utf8"));
    await vault.put(keyOf(tier.prefix, backupId, PROOF), proofBytes(statement, signature), {
      ...stored,
      contentType: "application/json",
    });
  });
  if (lockUntil !== undefined) {
    await timer.run("hold", "Holding the newest backup", () =>
      moveLegalHold(vault, { prefix: tier.prefix, manifest }, earlier),
    );
  }
  return {
    backupId,
    tier: tier.name,
    snapshotAt: manifest.snapshotAt,
    newestDataAt: manifest.newestDataAt,
    tables: manifest.tables.length,
    rows: manifest.tables.reduce((sum, table) => sum + table.rows, 0),
    sizeBytes: manifest.parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    phases: timer.phases,
    durationMs: Math.round(performance.now() - started),
  };
}

async function describe(session: Session) {
  return {
    extensions: await listExtensions(session),
    appSchemas: await listAppSchemas(session),
    sequences: await listSequences(session),
    seedCounts: await countForSeed(session),
    objects: await digestObjects(session),
    leftOut: await listLeftOut(session),
  };
}

interface Contents {
  tables: BackedUpTable[];
  newestAt: Date | undefined;
}

/** Counts and fingerprints every table under the snapshot, by SQL and so independently of what pg_dump writes. */
async function fingerprintAll(session: Session, tables: readonly TableFacts[]): Promise<Contents> {
  const contents: BackedUpTable[] = [];
  let newestAt: Date | undefined;
  for (const table of tables) {
    const { rows, fingerprint, newestAt: newest } = await fingerprintTable(session, table, table.timeColumns);
    if (newest !== undefined && (newestAt === undefined || newest > newestAt)) newestAt = newest;
    const { schema, name, kind, columns, allColumns } = table;
    contents.push({ schema, name, kind, columns, allColumns, rows, fingerprint });
  }
  return { tables: contents, newestAt };
}
