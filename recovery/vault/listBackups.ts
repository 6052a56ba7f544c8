import { startOfBackup } from "../../planning/backupId.ts";
import { messageOf, PromiseError } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import { isSignedByOneOf } from "../../services/signer/signer.ts";
import type { ListedObject, Vault } from "../../services/vault/vault.ts";
import { contentOf, keyOf, MANIFEST, type Manifest, MOST_BYTES, PROOF } from "./manifest.ts";
import { parseProof } from "./proof.ts";
import { readManifest } from "./readManifest.ts";
import { NotTrustedError } from "./untrustedManifest.ts";
import { VERIFICATIONS } from "./verification.ts";
import { readGood } from "./walkVersions.ts";

/** What is needed to find a tier's backups. planning/tiers.ts defines the tiers. */
export interface TierPrefix {
  readonly name: string;
  /** With the closing slash. */
  readonly prefix: string;
  /** Days after which lifecycle hides an object. If absent, every hidden object counts as deleted by hand. */
  readonly keptDays?: number;
}

/** A backup as a list shows it. None of it may be trusted unless `manifest` is present, which means that its signature is valid. */
export interface BackupSummary {
  backupId: string;
  tier: string;
  /** Where its objects lie, with the closing slash of the tier. */
  prefix: string;
  /** Start of its run, from its id. */
  startedAt: Date;
  /** Size of all its objects. */
  sizeBytes: number;
  manifest: Manifest | undefined;
  /** True if a signed proof says that it was read back in full, and it is not suspicious. */
  proven: boolean;
  /** Why it is not proven, in clauses. */
  problems: string[];
  /** Present if it is dated later than the vault has received its manifest: its writer's clock was ahead. */
  datedAhead?: true;
  /** Versions that were passed over and objects that were deleted, in clauses. Absent if there were none. */
  walkedPast?: string[];
  /** Present if it is complete and read back according to a writer whose key is not trusted here. */
  untrusted?: { snapshotAt: string; signedBy: string };
  /**
   * The keys of its verifications, and the manifest that they must be about (verification.ts reads them). Absent without a valid manifest.
   */
  verifications?: { manifestSha256: string; keys: string[] };
}

/** Where to look, and which signatures count. */
export interface ListOptions {
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  /** Reads only the backups that have such an object. @default - all of them */
  having?: (object: ListedObject) => boolean;
  signal?: AbortSignal | undefined;
}

/**
 * How far the clock of a machine that writes backups may be from the store's. NTP keeps it within a fraction of a second. The store's time
 * comes in whole seconds, and a slow answer takes some more.
 */
export const MOST_APART_MS = 60_000;

/** The problem of a backup whose run ended before its manifest, or is still running. */
export const NEVER_FINISHED = "it has no manifest, so it was never finished";

/** Manifests that are read at once. One that is larger than its share is read by itself: nothing of it is trusted before all of it is in memory. */
const READERS = 12;
const SHARE_BYTES = MOST_BYTES.manifest / READERS;

/**
 * Lists all backups of a vault, newest first, each with its faults. An unreachable vault is an error. A damaged backup is not, so that the
 * others are still found.
 */
export async function listBackups(options: ListOptions): Promise<BackupSummary[]> {
  const { vault, tiers, having, signal } = options;
  const listed = await Promise.all(
    tiers.map(async (tier) => {
      const objects = await vault.list(tier.prefix, signal);
      const byBackup = Map.groupBy(objects, ({ key }) => key.slice(tier.prefix.length).split("/", 1)[0] ?? "");
      return [...byBackup].flatMap(([backupId, own]) => {
        const startedAt = startOfBackup(backupId);
        return startedAt === undefined ? [] : [{ backupId, tier, startedAt, objects: own }];
      });
    }),
  );
  // A verification is younger than its backup, so lifecycle keeps it for a while after the backup is gone.
  const backups = listed
    .flat()
    .filter(({ objects }) => !objects.every(isVerification) && (having === undefined || objects.some(having)));
  const [small = [], large = []] = [false, true].map((isLarge) => backups.filter((one) => isLarge === hasLarge(one)));
  const summarizeOne = (one: ListedBackup) => summarize(options, one);
  const summaries = [...(await pool(small, READERS, summarizeOne)), ...(await pool(large, 1, summarizeOne))];
  return summaries.sort((a, b) => takenAt(b) - takenAt(a) || (a.backupId < b.backupId ? 1 : -1));
}

/** A backup's objects, as the vault lists them. */
interface ListedBackup {
  backupId: string;
  tier: TierPrefix;
  startedAt: Date;
  objects: readonly ListedObject[];
}

/** Whether a backup's manifest is larger than its share of the memory. */
function hasLarge({ backupId, tier, objects }: ListedBackup): boolean {
  const manifest = keyOf(tier.prefix, backupId, MANIFEST);
  return objects.some(({ key, sizeBytes }) => key === manifest && sizeBytes > SHARE_BYTES);
}

async function summarize(options: ListOptions, listed: ListedBackup): Promise<BackupSummary> {
  const { vault, trustedKeys, signal } = options;
  const { backupId, tier, startedAt, objects } = listed;
  const { name, prefix } = tier;
  const there = new Set(objects.map(({ key }) => key));
  const sizeBytes = objects.reduce((sum, object) => sum + object.sizeBytes, 0);
  const summary = { backupId, tier: name, prefix, startedAt, sizeBytes };
  const unfinished = { ...summary, manifest: undefined, proven: false };
  if (!there.has(keyOf(prefix, backupId, MANIFEST)))
    return { ...unfinished, problems: [NEVER_FINISHED], ...walked(listed, vault) };
  try {
    const { manifest, sha256 } = await readManifest(vault, prefix, backupId, trustedKeys, signal);
    const fault = await faultOfProof(options, { prefix, backupId, manifestSha256: sha256 });
    const missing = contentOf(manifest).filter(({ key }) => !there.has(key));
    const problems = [...missing.map(({ key }) => `${key} is missing`), ...fault, ...manifest.suspicions];
    const keys = objects.filter(isVerification).map(({ key }) => key);
    const verifications = { manifestSha256: sha256, keys };
    const receivedAt =
      objects.find(({ key }) => key === keyOf(prefix, backupId, MANIFEST))?.modifiedAt.getTime() ?? Infinity;
    return {
      ...summary,
      manifest,
      proven: problems.length === 0,
      problems,
      ...(Date.parse(manifest.snapshotAt) > receivedAt + MOST_APART_MS && { datedAhead: true as const }),
      ...walked(listed, vault),
      verifications,
    };
  } catch (error) {
    if (!(error instanceof PromiseError)) throw error;
    const untrusted = error instanceof NotTrustedError ? await claimIfWhole(options, listed, there, error) : undefined;
    const problem =
      untrusted === undefined
        ? messageOf(error)
        : `its manifest is not signed by a trusted key, and claims to be signed by ${untrusted.signedBy}`;
    return { ...unfinished, ...walked(listed, vault), problems: [problem], ...(untrusted && { untrusted }) };
  }
}

/** What an untrusted manifest claims, if all that it names is there, and a proof, signed by any key, is about it. */
async function claimIfWhole(
  { vault, signal }: ListOptions,
  { backupId, tier: { prefix } }: ListedBackup,
  there: ReadonlySet<string>,
  { claim }: NotTrustedError,
): Promise<BackupSummary["untrusted"]> {
  const place = keyOf(prefix, backupId, "");
  if (claim?.objects.every((key) => key.startsWith(place) && there.has(key)) !== true) return undefined;
  const proof = await vault.getBytes(keyOf(prefix, backupId, PROOF), signal, MOST_BYTES.statement);
  const statement = proof && parseProof(proof)?.statement;
  if (statement?.backupId !== backupId || statement.manifestSha256 !== claim.sha256) return undefined;
  return { snapshotAt: claim.snapshotAt, signedBy: claim.signedBy };
}

/** When a backup's snapshot was taken, in milliseconds since 1970. For an unfinished backup, when its run started. */
export function takenAt({ manifest, untrusted, startedAt }: BackupSummary): number {
  const snapshotAt = manifest?.snapshotAt ?? untrusted?.snapshotAt;
  return snapshotAt === undefined ? startedAt.getTime() : Date.parse(snapshotAt);
}

function isVerification({ key }: ListedObject): boolean {
  return key.includes(`/${VERIFICATIONS}`);
}

/** Why there is no valid proof, in clauses. */
async function faultOfProof(
  { vault, trustedKeys, signal }: ListOptions,
  { prefix, backupId, manifestSha256 }: { prefix: string; backupId: string; manifestSha256: string },
): Promise<string[]> {
  const judge = (bytes: Uint8Array): true => {
    const proof = parseProof(bytes);
    if (proof === undefined) throw new PromiseError("its proof is not readable");
    if (!isSignedByOneOf(trustedKeys, proof.signedBytes, proof.signature))
      throw new PromiseError("its proof is not signed by a trusted key");
    const { statement } = proof;
    if (statement.backupId !== backupId || statement.manifestSha256 !== manifestSha256)
      throw new PromiseError("its proof belongs to another backup");
    return true;
  };
  try {
    const object = { key: keyOf(prefix, backupId, PROOF), mostBytes: MOST_BYTES.statement };
    return (await readGood(vault, object, judge, signal)) === true ? [] : ["it was not read back yet"];
  } catch (error) {
    if (!(error instanceof PromiseError)) throw error;
    return [messageOf(error)];
  }
}

const DAY_MS = 86_400_000;

/** Whether a delete marker is older than lifecycle could have made it. Lifecycle counts whole days, and rounds up. */
function isDeletedEarly({ deletedAt, modifiedAt }: ListedObject, { keptDays = Infinity }: TierPrefix): boolean {
  return deletedAt !== undefined && deletedAt.getTime() - modifiedAt.getTime() < keptDays * DAY_MS;
}

/** Versions of a backup that were passed over, and its objects that were deleted, which neither a backup nor a rule does. */
function walked({ backupId, tier, objects }: ListedBackup, { passedOver }: Vault): Pick<BackupSummary, "walkedPast"> {
  const [first, ...others] = objects.filter((object) => isDeletedEarly(object, tier));
  if (first?.deletedAt !== undefined)
    passedOver.noteDeleted(first.key, { objects: 1 + others.length, deletedAt: first.deletedAt });
  const walkedPast = passedOver.clauses(backupId);
  return walkedPast.length === 0 ? {} : { walkedPast };
}
