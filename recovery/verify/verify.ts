import type { Clock } from "../../services/common/clock.ts";
import { messageOf, PromiseError, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Signer } from "../../services/signer/signer.ts";
import type { Opener } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import type { ThrowawayPostgres } from "../postgres/session/throwawayPostgres.ts";
import { KINDS } from "../vault/backupKinds.ts";
import { type BackupSource, canOpen, openerFor } from "../vault/backupSource.ts";
import { chooseBackup } from "../vault/chooseBackup.ts";
import { listBackups, type TierPrefix } from "../vault/listBackups.ts";
import { contentOf, keyOf, MANIFEST, type Manifest, rowsOf } from "../vault/manifest.ts";
import { readManifest } from "../vault/readManifest.ts";
import { readObjects } from "../vault/readObjects.ts";
import { type Share, storeVerification, type Verification, type VerificationLevel } from "../vault/verification.ts";
import { hasPassed } from "./testRestore/checklist.ts";
import { testRestore, type TestRestoreResult } from "./testRestore/testRestore.ts";

/** What a verification has shown, and where the result is stored. */
export interface VerifyResult extends Verification {
  tier: string;
  snapshotAt: string;
  /** Objects of the whole backup. */
  parts: number;
  tables: number;
  rows: number;
  /** What the manifest lists as left out. */
  leftOut: readonly LeftOut[];
  /** False if the backup is encrypted and there was no identity: then sizes and hashes were compared, but no rows. */
  isDecrypted: boolean;
  /** Key of the signed result. Undefined if it was not to be stored. */
  storedAs: string | undefined;
  /** Newer backups that were not verified, in sentences. */
  passedOver: string[];
}

/** A verification that has found faults. The message lists all of them, and `result` holds them. */
export class FailedVerification extends PromiseError {
  readonly result: VerifyResult;

  constructor(result: VerifyResult, more?: string) {
    super([explain(result), ...(more === undefined ? [] : [more])].join(" "));
    this.result = result;
  }
}

/** What a verification needs to know of a tier. planning/tiers.ts defines the tiers. */
export interface VerifiedTier extends TierPrefix {
  /** Days for which the objects are locked from the start of their backup. Absent or 0 means no lock. */
  readonly lockDays?: number;
}

/** What to verify, how far, and with which keys. */
export interface VerifyOptions {
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  /** Opens an encrypted backup. Without it only sizes and hashes of an encrypted backup are compared. */
  opener?: Opener | undefined;
  tiers: readonly VerifiedTier[];
  /** A backup by its id. @default - the newest proven one */
  backupId?: string | undefined;
  /** Reads one share of the objects. @default - all of them */
  share?: Share | undefined;
  /** Also restores the backup. `forbidden` are "host:port" of servers that must never be used. */
  restore?: { throwaways: ThrowawayPostgres; forbidden: readonly string[]; clock: Clock } | undefined;
  /** Signs the result and stores it next to the backup. */
  store?: { signer: Signer; clock: Clock } | undefined;
  /** Program and machine, for the result. */
  madeBy?: Verification["madeBy"];
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

const DAY_MS = 86_400_000;

/**
 * Reads a backup and checks signature, sizes, SHA-256, decompression, the definitions with pg_restore, and every row against the manifest's
 * fingerprints. With `restore` it also restores the backup into a throwaway database and makes the checks of docs/objectives.md there. The
 * signed result is stored next to the backup.
 *
 * @throws FailedVerification, which lists every faulty object and check; UserError if it could not be tried
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const signal = options.signal ?? new AbortController().signal;
  try {
    return await readAndRestore(options, signal);
  } catch (error) {
    // An abort causes other errors, so its reason is thrown.
    signal.throwIfAborted();
    throw error;
  }
}

async function readAndRestore(options: VerifyOptions, signal: AbortSignal): Promise<VerifyResult> {
  const { vault, reporter } = options;
  const startedAt = performance.now();
  const { prefix, manifest, manifestSha256, passedOver } = await chooseVerified(options, signal);
  const { backupId } = manifest;
  const source: BackupSource = { vault, manifest, opener: options.opener };
  refuseNonsense(options, source);
  reporter(`Reading ${options.share === undefined ? "all" : `share ${nameOf(options.share)}`} of backup ${backupId}`);
  const read = await readObjects(source, prefix, options.share, signal);
  const restored = options.restore && (await restoreUnlessFaulty(options, source, read.faults, signal));
  const walkedPast = vault.passedOver.clauses(backupId);
  const ok = read.faults.length === 0 && (restored === undefined || hasPassed(restored.lines));
  const clock = options.store?.clock ?? (() => new Date());
  const verification: Verification = {
    format: "castchat-verification",
    formatVersion: 1,
    backupId,
    manifestSha256,
    verifiedAt: clock().toISOString(),
    ok,
    ...(ok && options.share === undefined && { level: levelOf(source, restored) }),
    share: options.share,
    objects: read.objects,
    sizeBytes: read.sizeBytes,
    faults: read.faults,
    ...(walkedPast.length > 0 && { walkedPast }),
    ...(restored && { restore: restored }),
    durationMs: Math.round(performance.now() - startedAt),
    madeBy: options.madeBy,
  };
  const result = {
    ...verification,
    tier: manifest.tier,
    snapshotAt: manifest.snapshotAt,
    parts: contentOf(manifest).length,
    tables: manifest.tables.length,
    rows: rowsOf(manifest),
    leftOut: manifest.leftOut,
    isDecrypted: canOpen(source),
    passedOver,
  };
  const { storedAs, failure } = await tryToStore(options, verification, manifest, prefix, signal);
  if (!ok) throw new FailedVerification({ ...result, storedAs }, failure?.message);
  if (failure === undefined) return { ...result, storedAs };
  throw new UserError(`Backup ${backupId} passed its verification. ${failure.message}`, { cause: failure.cause });
}

/** The backup's manifest, signed by a trusted key. */
async function chooseVerified(
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<{ prefix: string; manifest: Manifest; manifestSha256: string; passedOver: string[] }> {
  const { vault, trustedKeys, tiers } = options;
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  // A named backup is also read if it isn't proven: that is what the command is for.
  const named = backups.find((backup) => backup.backupId === options.backupId);
  const { chosen, passedOver } =
    named === undefined ? chooseBackup(backups, { backupId: options.backupId }) : { chosen: named, passedOver: [] };
  const { backupId, prefix } = chosen;
  try {
    const { manifest, sha256 } = await readManifest(vault, prefix, backupId, trustedKeys, signal);
    return { prefix, manifest, manifestSha256: sha256, passedOver };
  } catch (error) {
    // Nothing is stored, since there is no manifest that a result could be about.
    if (error instanceof PromiseError)
      throw new PromiseError(`${keyOf(prefix, backupId, MANIFEST)} is not this backup's manifest: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
}

/** UserError, before anything is read, if no test restore is possible. */
function refuseNonsense(options: VerifyOptions, source: BackupSource): void {
  if (options.restore === undefined) return;
  const { manifest } = source;
  if (options.share !== undefined)
    throw new UserError("A test restore reads everything. Leave out `--sample` or `--restore`.");
  if (!KINDS[manifest.kind].isWhole)
    throw new UserError(
      `Backup ${manifest.backupId} is of kind "${manifest.kind}", which is not enough to restore a database. Name a full one, or leave out \`--restore\`.`,
    );
  openerFor(source);
}

async function restoreUnlessFaulty(
  options: VerifyOptions,
  source: BackupSource,
  faults: readonly string[],
  signal: AbortSignal,
): Promise<TestRestoreResult | undefined> {
  // A damaged backup has failed already, and no recovery would use it.
  if (faults.length > 0 || options.restore === undefined) return undefined;
  const { trustedKeys, tiers, reporter } = options;
  return await testRestore({ ...options.restore, source, trustedKeys, tiers, reporter, signal });
}

function levelOf(source: BackupSource, restored: TestRestoreResult | undefined): VerificationLevel {
  if (restored !== undefined) return "restored-proven";
  return source.manifest.encryption !== undefined && canOpen(source) ? "decrypt-proven" : "proven";
}

/** Stores the result, or says why that failed. The findings are reported all the same. */
async function tryToStore(
  { store, tiers, vault, reporter }: VerifyOptions,
  verification: Verification,
  manifest: Manifest,
  prefix: string,
  signal: AbortSignal,
): Promise<{ storedAs?: string; failure?: UserError }> {
  if (store === undefined) return {};
  const { signer, clock } = store;
  const lockDays = tiers.find((tier) => tier.prefix === prefix)?.lockDays ?? 0;
  // Locked for as long as the backup that it is about.
  const until = new Date(Date.parse(manifest.startedAt) + lockDays * DAY_MS);
  const place = { vault, signer, prefix, lockUntil: until > clock() ? until : undefined, signal };
  reporter("Storing the signed result next to the backup");
  try {
    return { storedAs: await storeVerification(verification, place) };
  } catch (error) {
    signal.throwIfAborted();
    const sentence = `The result could not be stored (${messageOf(error)}). Use the vault's writer role, or add \`--no-store\`.`;
    return { failure: new UserError(sentence, { cause: error }) };
  }
}

/** "2/7". */
export function nameOf({ number, of }: Share): string {
  return `${number}/${of}`;
}

function explain({ backupId, faults, restore }: VerifyResult): string {
  const failed = restore?.lines.filter((line) => line.state === "not ok") ?? [];
  const clauses = [...faults, ...failed.map((line) => `${line.what}: ${line.detail.replace(/\.$/, "")}`)];
  return `Backup ${backupId} did not pass its verification: ${clauses.length === 0 ? "a part of the checklist could not be checked" : clauses.join("; ")}.`;
}
