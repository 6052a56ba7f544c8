import { startOfBackup } from "../../planning/backupId.ts";
import { messageOf, PromiseError } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import { isSignedByOneOf } from "../../services/signer/signer.ts";
import type { ListedObject, Vault } from "../../services/vault/vault.ts";
import { contentOf, keyOf, MANIFEST, type Manifest, MOST_BYTES, PROOF } from "./manifest.ts";
import { parseProof } from "./proof.ts";
import { readManifest } from "./readManifest.ts";
import { NotTrustedError, type UntrustedManifest } from "./untrustedManifest.ts";
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

/**
 * A backup as a list shows it. None of it may be trusted unless `manifest` is present, which means that its signature
 * is valid.
 */
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
  /** Versions that were passed over and objects that were deleted, in clauses. Absent if there were none. */
  walkedPast?: string[];
  /** Present if it is complete and read back according to a writer whose key is not trusted here. */
  untrusted?: { snapshotAt: string; signedBy: string };
  /**
   * The keys of its verifications, and the manifest that they must be about (verification.ts reads them). Absent
   * without a valid manifest.
   */
  verifications?: { manifestSha256: string; keys: string[] };
}

/** Where to look, and which signatures count. */
export interface ListOptions {
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  signal?: AbortSignal | undefined;
}

/** The problem of a backup whose run ended before its manifest, or is still running. */
export const NEVER_FINISHED = "it has no manifest, so it was never finished";

/** Manifests that are read at once. */
const READERS = 12;

/**
 * Lists all backups of a vault, newest first, each with its faults. An unreachable vault is an error. A damaged backup
 * is not, so that the others are still found.
 */
export async function listBackups(options: ListOptions): Promise<BackupSummary[]> {
  const { vault, trustedKeys, tiers, signal } = options;
  const found = new Map<
    string,
    { backupId: string; tier: TierPrefix; startedAt: Date; sizeBytes: number; objects: Set<string>; deleted: Deleted[] }
  >();
  const listings = await Promise.all(
    tiers.map(async (tier) => ({ tier, objects: await vault.list(tier.prefix, signal) })),
  );
  for (const { tier, objects } of listings) {
    for (const object of objects) {
      const [backupId = "", ...name] = object.key.slice(tier.prefix.length).split("/");
      const startedAt = startOfBackup(backupId);
      if (startedAt === undefined) continue;
      const at = tier.prefix + backupId;
      const one = found.get(at) ?? { backupId, tier, startedAt, sizeBytes: 0, objects: new Set<string>(), deleted: [] };
      one.sizeBytes += object.sizeBytes;
      if (isDeletedEarly(object, tier)) one.deleted.push(object);
      one.objects.add(name.join("/"));
      found.set(at, one);
    }
  }
  // A verification is younger than its backup, so lifecycle keeps it for a while after the backup is gone.
  const backups = [...found.values()].filter(({ objects }) => ![...objects].every(isVerification));
  const summaries = await pool(backups, READERS, async (one): Promise<BackupSummary> => {
    const { backupId, tier, startedAt, sizeBytes } = one;
    const summary = { backupId, tier: tier.name, prefix: tier.prefix, startedAt, sizeBytes };
    const unfinished = { ...summary, manifest: undefined, proven: false };
    if (!one.objects.has(MANIFEST)) return { ...unfinished, problems: [NEVER_FINISHED], ...walked(one, vault) };
    try {
      const { manifest, sha256 } = await readManifest(vault, tier.prefix, backupId, trustedKeys, signal);
      const fault = await faultOfProof({ vault, prefix: tier.prefix, backupId, trustedKeys }, sha256, signal);
      const problems = [
        ...contentOf(manifest)
          .filter((part) => !one.objects.has(part.key.slice(tier.prefix.length + backupId.length + 1)))
          .map((part) => `${part.key} is missing`),
        ...fault,
        ...manifest.suspicions,
      ];
      const keys = [...one.objects].filter(isVerification).map((object) => keyOf(tier.prefix, backupId, object));
      const verifications = { manifestSha256: sha256, keys };
      const seen = walked(one, vault);
      return { ...summary, manifest, proven: problems.length === 0, problems, ...seen, verifications };
    } catch (error) {
      if (!(error instanceof PromiseError)) throw error;
      const seen = walked(one, vault);
      const problems = [messageOf(error)];
      if (!(error instanceof NotTrustedError) || error.claim === undefined) return { ...unfinished, problems, ...seen };
      const { claim } = error;
      const proof = await vault.getBytes(keyOf(tier.prefix, backupId, PROOF), signal, MOST_BYTES.statement);
      if (!isWhole(claim, keyOf(tier.prefix, backupId, ""), one.objects) || !speaksOf(proof, backupId, claim))
        return { ...unfinished, problems, ...seen };
      return {
        ...unfinished,
        ...seen,
        problems: [`its manifest is not signed by a trusted key, but as it says by ${claim.signedBy}`],
        untrusted: { snapshotAt: claim.snapshotAt, signedBy: claim.signedBy },
      };
    }
  });
  return summaries.sort((a, b) => takenAt(b) - takenAt(a) || (a.backupId < b.backupId ? 1 : -1));
}

/** When a backup's snapshot was taken, in milliseconds since 1970. For an unfinished backup, when its run started. */
export function takenAt({ manifest, untrusted, startedAt }: BackupSummary): number {
  const snapshotAt = manifest?.snapshotAt ?? untrusted?.snapshotAt;
  return snapshotAt === undefined ? startedAt.getTime() : Date.parse(snapshotAt);
}

/** Whether everything that an untrusted manifest names is in the vault. */
function isWhole({ objects }: UntrustedManifest, place: string, there: ReadonlySet<string>): boolean {
  return objects.every((key) => key.startsWith(place) && there.has(key.slice(place.length)));
}

/** Whether a proof, signed by any key, says that this manifest's backup was read back. */
function speaksOf(proof: Uint8Array | undefined, backupId: string, { sha256 }: UntrustedManifest): boolean {
  const statement = proof && parseProof(proof)?.statement;
  return statement?.backupId === backupId && statement.manifestSha256 === sha256;
}

function isVerification(object: string): boolean {
  return object.startsWith(VERIFICATIONS);
}

/** Why there is no valid proof, in clauses. */
async function faultOfProof(
  place: { vault: Vault; prefix: string; backupId: string; trustedKeys: readonly string[] },
  manifestSha256: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const { vault, prefix, backupId, trustedKeys } = place;
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

/** An object that is hidden by a delete marker. */
type Deleted = Pick<ListedObject, "key" | "deletedAt">;

const DAY_MS = 86_400_000;

/** Whether a delete marker is older than lifecycle could have made it. Lifecycle counts whole days, and rounds up. */
function isDeletedEarly({ deletedAt, modifiedAt }: ListedObject, { keptDays = Infinity }: TierPrefix): boolean {
  return deletedAt !== undefined && deletedAt.getTime() - modifiedAt.getTime() < keptDays * DAY_MS;
}

/**
 * Versions of a backup that were passed over, and its objects that were deleted, which neither a backup nor a rule
 * does.
 */
function walked(
  { backupId, deleted: [first, ...others] }: { backupId: string; deleted: readonly Deleted[] },
  { passedOver }: Vault,
): Pick<BackupSummary, "walkedPast"> {
  if (first?.deletedAt !== undefined)
    passedOver.noteDeleted(first.key, { objects: 1 + others.length, deletedAt: first.deletedAt });
  const walkedPast = passedOver.clauses(backupId);
  return walkedPast.length === 0 ? {} : { walkedPast };
}
