import { amount } from "../../services/common/amount.ts";
import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { together } from "../../services/common/pool.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import type { Opener } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { openSnapshot } from "../backup/snapshot.ts";
import { openReader } from "../backup/snapshotReader.ts";
import { refuseHalfState } from "../gate/replacement.ts";
import {
  compareDefinitions,
  compareSequences,
  type DefinitionDifferences,
  missingExtensions,
  type SequenceDifference,
} from "../postgres/catalog/compareDefinitions.ts";
import { compareLargeObjects } from "../postgres/catalog/largeObjects.ts";
import { planComparison, readForComparison } from "../postgres/rows/compareTables.ts";
import { type Session, withSession } from "../postgres/session/database.ts";
import { tableName } from "../postgres/session/quote.ts";
import { findMarker } from "../restore/run/restoreMarker.ts";
import { KINDS } from "../vault/backupKinds.ts";
import { type BackupSource, canOpen } from "../vault/backupSource.ts";
import { chooseBackup, olderThan } from "../vault/chooseBackup.ts";
import { listBackups, takenAt, type TierPrefix } from "../vault/listBackups.ts";
import type { Manifest } from "../vault/manifest.ts";
import { type EarlierLoss, earlierLosses, historyOf } from "./assessHistory.ts";
import { type AssessedPart, type AssessedRestore, assessParts, assessRestore } from "./assessParts.ts";
import { type ComparedTable, compareRows } from "./assessRows.ts";
import { type AssessedTable, describeTables, isTableDamaged, matchTables } from "./assessTables.ts";
import { laterThan, traceLoss } from "./assessTrace.ts";

/** What to assess, and against which backup. */
export interface AssessOptions {
  databaseUrl: string;
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  /** Opens an encrypted backup. Without it the rows of an encrypted backup are only counted. */
  opener?: Opener | undefined;
  tiers: readonly TierPrefix[];
  /** A proven backup by its id. @default - the newest full one */
  backupId?: string | undefined;
  /** Also reads the damaged tables in every later full backup, to find out in which of them rows were already lost. */
  trace?: boolean | undefined;
  clock: Clock;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
  /** How long it waits, and for what. @default - the real one */
  timing?: Timing | undefined;
}

/** What of a backup is missing or altered in the live database, and since when according to the manifests. */
export interface Assessment {
  backupId: string;
  /** Of the backup, ISO 8601. */
  snapshotAt: string;
  /** When the live database's snapshot was taken, ISO 8601. */
  assessedAt: string;
  /**
   * Whether anything of the backup is missing or altered now, for whatever reason. Also true if a table differs in a way that cannot be
   * counted.
   */
  isDamaged: boolean;
  tables: AssessedTable[];
  definitions: DefinitionDifferences;
  sequences: SequenceDifference[];
  missingExtensions: string[];
  /** What differs about the large objects, in clauses. It is not known which of them differ, nor whether some were only added. */
  largeObjects: string[];
  /** What this backup has of each part outside the database. */
  parts: AssessedPart[];
  /** What the last restore into this database brought of these parts. Absent if there was none. */
  restored?: AssessedRestore;
  /** Number of proven full backups that the history is taken from. */
  backupsLookedAt: number;
  earlierLosses: EarlierLoss[];
  /** Newer backups that it was not compared with, in sentences. */
  passedOver: string[];
  durationMs: number;
}

/**
 * Compares the live database with a proven backup under one snapshot, without changing anything: rows of each table, definitions, sequences
 * and extensions. The manifests of all proven backups show since when they differ. A legitimate change looks like damage: the result says
 * what differs, not what caused it.
 *
 * @throws UserError if there is no such backup, or a table can't be read; PromiseError for a damaged backup
 */
export async function assess(options: AssessOptions): Promise<Assessment> {
  const { vault, trustedKeys, tiers, databaseUrl, clock, reporter, timing = realTiming } = options;
  const signal = options.signal ?? new AbortController().signal;
  const started = performance.now();
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  const { chosen, passedOver } = chooseBackup(backups, { backupId: options.backupId });
  const { manifest } = chosen;
  if (!KINDS[manifest.kind].database)
    throw new UserError(
      `Backup ${manifest.backupId} only holds the configuration. There is nothing to compare. Name another one with \`--backup\`.`,
    );
  const chain = backups
    .filter(
      (one) =>
        one.proven &&
        ((one.manifest !== undefined && KINDS[one.manifest.kind].isWhole) || one.backupId === manifest.backupId),
    )
    .sort((a, b) => takenAt(a) - takenAt(b))
    .flatMap((one) => one.manifest ?? []);
  const applicationName = "castchat-recovery assess";
  return await withSession(databaseUrl, { applicationName, signal, timing }, async (session) => {
    await refuseHalfState(session);
    reporter(`Taking a snapshot of ${session.address.database}`);
    const snapshot = await openSnapshot(session, reporter, { signal, timing });
    const assessedAt = clock();
    const there = matchTables(manifest.tables, snapshot.tables);
    reporter(`Reading ${amount(there.comparable.length, "table")}`);
    const comparison = await planComparison(session, there.comparable);
    const reader = { databaseUrl, applicationName, snapshotId: snapshot.id, timing };
    await together<[undefined, undefined]>(
      signal,
      () => readForComparison(session, comparison),
      async (inner) => {
        const second = await openReader(reader, inner, timing.assessLockMs);
        try {
          await readForComparison(second, comparison);
          return;
        } finally {
          await second.end();
        }
      },
    );
    const source = { vault, manifest, opener: options.opener };
    const tables: AssessedTable[] = [];
    for (const { facts, compared, now } of await describeTables(session, manifest, there, comparison)) {
      if (facts.state === "changed" && compared !== undefined)
        Object.assign(facts, await countRows(source, session, compared, reporter, signal));
      if (facts.state === "changed" || facts.state === "missing")
        facts.history = historyOf(facts, chain, manifest, now);
      if (options.trace === true && compared !== undefined && isTableDamaged(facts))
        facts.traced = await traceLoss(source, laterThan(manifest, chain), compared, reporter, signal);
      tables.push(facts);
    }
    const definitions = await definitionsOf(session, manifest);
    const sequences = await compareSequences(session, manifest);
    const extensions = await missingExtensions(session, manifest);
    const largeObjects = await compareLargeObjects(session, manifest.largeObjects);
    const restored = assessRestore(await findMarker(session));
    await session.query("commit");
    return {
      backupId: manifest.backupId,
      snapshotAt: manifest.snapshotAt,
      assessedAt: assessedAt.toISOString(),
      isDamaged:
        tables.some(isTableDamaged) ||
        definitions.missing.length + definitions.altered.length + sequences.length + extensions.length > 0 ||
        largeObjects.length > 0 ||
        restored?.hasLosses === true,
      tables,
      definitions,
      sequences,
      missingExtensions: extensions,
      largeObjects,
      parts: assessParts(manifest, olderThan(backups, chosen)),
      ...(restored && { restored }),
      backupsLookedAt: chain.length,
      earlierLosses: earlierLosses(chain, manifest),
      passedOver,
      durationMs: Math.round(performance.now() - started),
    };
  });
}

async function definitionsOf(session: Session, manifest: Manifest): Promise<DefinitionDifferences> {
  if (manifest.parts.some((part) => part.name === "schema.dump")) return await compareDefinitions(session, manifest);
  const notCompared = `a backup of kind ${manifest.kind} holds no definitions`;
  return { missing: [], altered: [], added: [], notCompared };
}

async function countRows(
  source: BackupSource,
  session: Session,
  table: ComparedTable,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<Partial<AssessedTable>> {
  if (!canOpen(source)) return { note: "the backup is encrypted and no identity is set: only counts are known" };
  reporter(`Comparing the rows of ${tableName(table.backedUp)}`);
  return await compareRows(source, session, table, signal);
}
