import { hash, randomBytes } from "node:crypto";

import { backupIdFor } from "../../planning/backupId.ts";
import { tierForRun } from "../../planning/calendar.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import { PhaseTimer } from "../../services/common/phases.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import { fingerprintOfKey } from "../../services/signer/signer.ts";
import { type ExpectedTable, resolveTables } from "../postgres/rows/resolveTables.ts";
import { KINDS } from "../vault/backupKinds.ts";
import { provenFull } from "../vault/chooseBackup.ts";
import { type BackupSummary, listBackups, takenAt } from "../vault/listBackups.ts";
import {
  contentOf,
  FORMAT_VERSION,
  isRegular,
  keyOf,
  MANIFEST,
  type Manifest,
  manifestBytes,
  PROOF,
  rowsOf,
  SIGNATURE,
} from "../vault/manifest.ts";
import { proofBytes } from "../vault/proof.ts";
import { readBack } from "../vault/readBack.ts";
import { inAttempts } from "./attempts.ts";
import type { BackupOptions, BackupResult, BackupTier } from "./backupOptions.ts";
import { refuseWrongClock } from "./clockCheck.ts";
import { moveLegalHold } from "./legalHold.ts";
import { Contention } from "./lockConflict.ts";
import { backupApplicationName, readDatabase } from "./readDatabase.ts";
import { RunSession } from "./runSession.ts";
import { sealingVault } from "./sealingVault.ts";
import { suspicionsOf } from "./suspicions.ts";
import { readWithoutDatabase } from "./withoutDatabase.ts";

export type { BackupOptions, BackupResult } from "./backupOptions.ts";

const DAY_MS = 86_400_000;
const SHRINK_PERCENT = 20;

/** A run after its tier and its id are decided. */
interface Run extends Omit<BackupOptions, "signal" | "kind" | "timing"> {
  kind: Manifest["kind"];
  timing: Timing;
  signal: AbortSignal;
  backupId: string;
  tier: BackupTier;
  startedAt: Date;
  lockUntil: Date | undefined;
  /** Fingerprint of the key that signs. */
  signedBy: string;
  /** Every backup that the vault held before, newest first. */
  earlier: readonly BackupSummary[];
  timer: PhaseTimer;
}

/**
 * Takes one consistent backup, stores it, and reads it back. A run that fails leaves no manifest, so it leaves no backup. A run that is
 * much smaller than the last one is stored, but does not count as proven.
 *
 * @throws UserError if a setting is wrong or another run holds the lock; PromiseError if what was read back is not what was written, or if
 * the run is suspiciously small
 */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  const signal = options.signal ?? new AbortController().signal;
  const { timing = realTiming } = options;
  const started = performance.now();
  const startedAt = options.clock();
  const kind = options.kind ?? "full";
  const timer = new PhaseTimer(options.reporter);
  const backupId = backupIdFor(startedAt, randomBytes(3).toString("hex"));
  const sessions = sessionsFor(options, kind, backupId, signal);
  try {
    // The lock comes first: a backup that another run is about to prove would change this run's tier.
    const session = await sessions?.ready();
    const ownKey = await options.signer.publicKeyPem(signal);
    const trustedKeys = [ownKey, ...(options.trustedKeys ?? [])];
    const earlier = await listBackups({ vault: options.vault, trustedKeys, tiers: options.tiers, signal });
    await refuseWrongClock({ ...options, session });
    const tier = tierOf(options, kind, startedAt, earlier);
    const lockUntil = tier.lockDays ? new Date(startedAt.getTime() + tier.lockDays * DAY_MS) : undefined;
    const signedBy = fingerprintOfKey(ownKey);
    const run = { ...options, kind, timing, signal, backupId, tier, startedAt, lockUntil, signedBy, earlier, timer };
    const manifest = await read(run, sessions);
    await store(run, manifest);
    if (manifest.suspicions.length > 0) throw suspicious(manifest);
    if (lockUntil !== undefined && (isRegular(manifest) || KINDS[kind].environment || KINDS[kind].repository)) {
      await timer.run("hold", "Holding the newest backup", () =>
        moveLegalHold(options.vault, { prefix: tier.prefix, manifest }, earlier, signal),
      );
    }
    return resultOf(manifest, timer, performance.now() - started);
  } finally {
    await sessions?.end();
  }
}

function sessionsFor(
  { databaseUrl, timing = realTiming }: BackupOptions,
  kind: Manifest["kind"],
  backupId: string,
  signal: AbortSignal,
): RunSession | undefined {
  if (!KINDS[kind].database) return undefined;
  if (databaseUrl === undefined)
    throw new UserError(`A backup of kind ${kind} needs the database's connection string.`);
  return new RunSession(databaseUrl, { applicationName: backupApplicationName(backupId), signal, timing });
}

/** Only a regular full backup counts towards a tier. Partial and safety backups never do, so they go to the shortest one. */
function tierOf(
  { tiers, isSafety }: BackupOptions,
  kind: Manifest["kind"],
  startedAt: Date,
  earlier: readonly BackupSummary[],
): BackupTier {
  const [shortest] = tiers;
  const counts = isRegular({ kind, purpose: isSafety === true ? "safety" : undefined });
  if (!counts && shortest !== undefined) return shortest;
  const counted = provenFull(earlier).map((one) => ({ tier: one.tier, takenAt: new Date(takenAt(one)) }));
  return tierForRun(startedAt, tiers, counted);
}

async function read(run: Run, sessions: RunSession | undefined): Promise<Manifest> {
  const { vault, sealer, kind, signal, backupId, tier, startedAt, lockUntil, reporter, criticalTables = [] } = run;
  const place = {
    vault: sealer === undefined ? vault : sealingVault(vault, sealer),
    prefix: tier.prefix,
    backupId,
    lockUntil,
  };
  const head = {
    format: "castchat-backup" as const,
    formatVersion: FORMAT_VERSION as typeof FORMAT_VERSION,
    backupId,
    kind,
    ...(run.isSafety === true && { purpose: "safety" as const }),
    ...(sealer && { encryption: { format: "age" as const, recipients: [...sealer.recipients] } }),
    tier: tier.name,
    startedAt: startedAt.toISOString(),
    signedBy: run.signedBy,
  };
  const { databaseUrl } = run;
  if (sessions === undefined || databaseUrl === undefined) {
    return { ...head, ...(await readWithoutDatabase(run, { ...place, attempt: 1 })), suspicions: [] };
  }
  const contention = new Contention();
  const attempts = { run: sessions, contention, timing: run.timing, reporter, signal };
  return await inAttempts(attempts, async (session, attempt) => {
    const reading = await readDatabase({ ...run, ...place, databaseUrl, session, attempt, criticalTables, contention });
    const manifest = { ...head, ...reading, suspicions: [] };
    const expected = await resolveTables(session, criticalTables);
    return { ...manifest, suspicions: run.acceptsSmaller === true ? [] : suspicionsFor(run, manifest, expected) };
  });
}

function suspicionsFor(run: Run, manifest: Manifest, expectedTables: readonly ExpectedTable[]): string[] {
  const isLike = (one: Manifest | undefined) => one?.kind === manifest.kind && one.purpose === manifest.purpose;
  const last = run.earlier.find((one) => one.proven && isLike(one.manifest))?.manifest;
  return suspicionsOf(manifest, last, { shrinkPercent: run.shrinkPercent ?? SHRINK_PERCENT, expectedTables });
}

/** Stores the manifest after everything that it names, and the proof after all of it has been read back. */
async function store(run: Run, manifest: Manifest): Promise<void> {
  const { vault, opener, signer, clock, timer, tier, backupId, lockUntil, signal } = run;
  const bytes = manifestBytes(manifest);
  const put = (object: string, content: Uint8Array, contentType = "application/json") =>
    vault.put(keyOf(tier.prefix, backupId, object), content, { lockUntil, signal, contentType });
  await timer.run("sign", "Signing the manifest", async () => {
    const signature = Buffer.from(await signer.sign(bytes, signal)).toString("base64");
    await put(SIGNATURE, Buffer.from(signature, "ascii"), "text/plain");
    await put(MANIFEST, bytes);
  });
  await timer.run("proof", "Reading the backup back", async () => {
    await readBack({ vault, manifest, opener, isFresh: true }, signal);
    const provenAt = clock().toISOString();
    const statement = JSON.stringify({ backupId, manifestSha256: hash("sha256", bytes), provenAt });
    await put(PROOF, proofBytes(statement, await signer.sign(Buffer.from(statement, "utf8"), signal)));
  });
}

function suspicious({ backupId, suspicions }: Manifest): PromiseError {
  return new PromiseError(
    `Backup ${backupId} is stored and whole, but does not count as proven: ${suspicions.join("; ")}. Check the database. If its content is right, run the backup again with \`--accept-smaller\`.`,
  );
}

function resultOf(manifest: Manifest, timer: PhaseTimer, durationMs: number): BackupResult {
  const { backupId, kind, tier, snapshotAt, newestDataAt, tables, leftOut } = manifest;
  return {
    backupId,
    kind,
    tier,
    snapshotAt,
    newestDataAt,
    leftOut,
    tables: tables.length,
    rows: rowsOf(manifest),
    sizeBytes: contentOf(manifest).reduce((sum, one) => sum + one.sizeBytes, 0),
    phases: timer.phases,
    durationMs: Math.round(durationMs),
  };
}
