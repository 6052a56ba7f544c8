import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Opener, Sealer } from "../clients/age.ts";
import type { Clock } from "../clients/clock.ts";
import { UserError } from "../clients/errors.ts";
import type { Reporter } from "../clients/reporter.ts";
import { fingerprintOfKey } from "../clients/signer.ts";
import type { Signer } from "../clients/signer.ts";
import type { Vault } from "../clients/vault.ts";
import { backupIdFor } from "../planning/backupId.ts";
import { tierForRun } from "../planning/calendar.ts";
import type { CalendarTier } from "../planning/calendar.ts";
import { GiveWay } from "./giveWay.ts";
import { moveLegalHold } from "./legalHold.ts";
import { listBackups, takenAt } from "./listBackups.ts";
import type { TierPrefix } from "./listBackups.ts";
import { MANIFEST, PROOF, SIGNATURE, contentOf, keyOf, manifestBytes, proofBytes } from "./manifest.ts";
import { PhaseTimer } from "./phases.ts";
import type { Phase } from "./phases.ts";
import { readBack } from "./readBack.ts";
import { readDatabase } from "./readDatabase.ts";
import { sealingVault } from "./sealingVault.ts";

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
  /** Encrypts everything but the manifest, on this side: nothing plain ever lies in the vault. */
  sealer?: Sealer | undefined;
  /** Opens what the sealer has sealed, so that the reading back sees the rows as well; none where the writer must not be able to. */
  opener?: Opener | undefined;
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
const ATTEMPTS = 3;
const PAUSE_MS = 2_000;

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
  const lockUntil = tier.lockDays ? new Date(startedAt.getTime() + tier.lockDays * DAY_MS) : undefined;
  const manifest = await givingWay(reporter, signal, () =>
    readDatabase({
      ...options,
      vault: options.sealer === undefined ? vault : sealingVault(vault, options.sealer),
      recipients: options.sealer?.recipients,
      // A run that began anew shares nothing with the one before it: parts of two snapshots never mix.
      backupId: backupIdFor(startedAt, randomBytes(3).toString("hex")),
      tier,
      lockUntil,
      startedAt,
      signedBy: fingerprintOfKey(ownKey),
      timer,
      signal,
    }),
  );
  const { backupId } = manifest;

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
    await readBack({ vault, manifest, opener: options.opener }, signal);
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
    sizeBytes: contentOf(manifest).reduce((sum, one) => sum + one.sizeBytes, 0),
    phases: timer.phases,
    durationMs: Math.round(performance.now() - started),
  };
}

/** Begins anew, with another snapshot, when the run is in somebody's way. */
async function givingWay<T>(reporter: Reporter, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof GiveWay)) throw error;
      if (attempt >= ATTEMPTS) {
        throw new UserError(
          `The backup gave way ${ATTEMPTS} times to a session that changes its tables: run it again once migrations have finished.`,
          { cause: error },
        );
      }
    }
    reporter("Another session waits for a table: giving way, then beginning anew");
    await sleep(PAUSE_MS, undefined, { signal });
  }
}
