import { PromiseError, messageOf } from "../../clients/errors.ts";
import { isSignedByOneOf } from "../../clients/signer.ts";
import type { Vault } from "../../clients/vault.ts";
import { startOfBackup } from "../../planning/backupId.ts";
import { inTurns } from "../inTurns.ts";
import { MANIFEST, MOST_BYTES, PROOF, contentOf, keyOf } from "./manifest.ts";
import { parseProof } from "./proof.ts";
import type { Manifest } from "./manifest.ts";
import { readManifest } from "./readManifest.ts";
import { NotTrustedError } from "./untrustedManifest.ts";
import type { UntrustedManifest } from "./untrustedManifest.ts";
import { VERIFICATIONS } from "./verification.ts";

/** What is needed of a tier to find its backups; planning/tiers.ts has them. */
export interface TierPrefix {
  readonly name: string;
  /** With the closing slash. */
  readonly prefix: string;
}

/** A backup as a list shows it. Nothing in it is to be trusted unless `manifest` is there: then its signature was good. */
export interface BackupSummary {
  backupId: string;
  tier: string;
  /** Where its objects lie, with the closing slash of the tier. */
  prefix: string;
  /** Start of its run, by its id. */
  startedAt: Date;
  /** Of all its objects. */
  sizeBytes: number;
  manifest: Manifest | undefined;
  /** True once it has been read back in full, by a signed proof, and nothing about it is suspicious. */
  proven: boolean;
  /** Why it is not proven, in clauses. */
  problems: string[];
  /** Present where it is finished, whole and read back, as a writer says whose key is not trusted here. */
  untrusted?: { snapshotAt: string; signedBy: string };
  /** Where its verifications lie, and the manifest that they must speak of (verification.ts reads them); absent without a good manifest. */
  verifications?: { manifestSha256: string; keys: string[] };
}

/** Where to look, and whose signatures count. */
export interface ListOptions {
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  signal?: AbortSignal | undefined;
}

/** The problem of a backup whose run has ended before its manifest, or still goes on. */
export const NEVER_FINISHED = "it has no manifest, so it was never finished";

/** Manifests that are read at once. */
const READERS = 12;

/**
 * All backups of a vault, newest first, each with what is wrong with it. An unreachable vault is an error, a damaged
 * backup is not: the others must still be found.
 */
export async function listBackups(options: ListOptions): Promise<BackupSummary[]> {
  const { vault, trustedKeys, tiers, signal } = options;
  const found = new Map<
    string,
    { backupId: string; tier: TierPrefix; startedAt: Date; sizeBytes: number; objects: Set<string> }
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
      const one = found.get(at) ?? { backupId, tier, startedAt, sizeBytes: 0, objects: new Set<string>() };
      one.sizeBytes += object.sizeBytes;
      one.objects.add(name.join("/"));
      found.set(at, one);
    }
  }
  // A verification is younger than its backup, so that lifecycle leaves it for a while when the backup is gone.
  const backups = [...found.values()].filter(({ objects }) => ![...objects].every(isVerification));
  const summaries = await inTurns(backups, READERS, async (one): Promise<BackupSummary> => {
    const { backupId, tier, startedAt, sizeBytes } = one;
    const summary = { backupId, tier: tier.name, prefix: tier.prefix, startedAt, sizeBytes };
    const unfinished = { ...summary, manifest: undefined, proven: false };
    if (!one.objects.has(MANIFEST)) return { ...unfinished, problems: [NEVER_FINISHED] };
    try {
      const { manifest, sha256 } = await readManifest(vault, tier.prefix, backupId, trustedKeys, signal);
      const proof = await vault.getBytes(keyOf(tier.prefix, backupId, PROOF), signal, MOST_BYTES.statement);
      const problems = [
        ...contentOf(manifest)
          .filter((part) => !one.objects.has(part.key.slice(tier.prefix.length + backupId.length + 1)))
          .map((part) => `${part.key} is missing`),
        ...faultOfProof(proof, backupId, sha256, trustedKeys),
        ...manifest.suspicions,
      ];
      const keys = [...one.objects].filter(isVerification).map((object) => keyOf(tier.prefix, backupId, object));
      const verifications = { manifestSha256: sha256, keys };
      return { ...summary, manifest, proven: problems.length === 0, problems, verifications };
    } catch (error) {
      if (!(error instanceof PromiseError)) throw error;
      const problems = [messageOf(error)];
      if (!(error instanceof NotTrustedError) || error.claim === undefined) return { ...unfinished, problems };
      const { claim } = error;
      const proof = await vault.getBytes(keyOf(tier.prefix, backupId, PROOF), signal, MOST_BYTES.statement);
      if (!isWhole(claim, keyOf(tier.prefix, backupId, ""), one.objects) || !speaksOf(proof, backupId, claim))
        return { ...unfinished, problems };
      return {
        ...unfinished,
        problems: [`its manifest is not signed by a trusted key, but as it says by ${claim.signedBy}`],
        untrusted: { snapshotAt: claim.snapshotAt, signedBy: claim.signedBy },
      };
    }
  });
  return summaries.sort((a, b) => takenAt(b) - takenAt(a) || (a.backupId < b.backupId ? 1 : -1));
}

/** When a backup's snapshot was taken, in milliseconds since 1970; an unfinished one counts from its start. */
export function takenAt({ manifest, untrusted, startedAt }: BackupSummary): number {
  const snapshotAt = manifest?.snapshotAt ?? untrusted?.snapshotAt;
  return snapshotAt === undefined ? startedAt.getTime() : Date.parse(snapshotAt);
}

/** Whether everything that an untrusted manifest names lies beside it. */
function isWhole({ objects }: UntrustedManifest, place: string, there: ReadonlySet<string>): boolean {
  return objects.every((key) => key.startsWith(place) && there.has(key.slice(place.length)));
}

/** Whether a proof, by whomever, says that this manifest's backup was read back. */
function speaksOf(proof: Uint8Array | undefined, backupId: string, { sha256 }: UntrustedManifest): boolean {
  const statement = proof && parseProof(proof)?.statement;
  return statement?.backupId === backupId && statement.manifestSha256 === sha256;
}

function isVerification(object: string): boolean {
  return object.startsWith(VERIFICATIONS);
}

function faultOfProof(
  bytes: Uint8Array | undefined,
  backupId: string,
  manifestSha256: string,
  trustedKeys: readonly string[],
): string[] {
  if (bytes === undefined) return ["it was not read back yet"];
  const proof = parseProof(bytes);
  if (proof === undefined) return ["its proof is not readable"];
  if (!isSignedByOneOf(trustedKeys, proof.signedBytes, proof.signature))
    return ["its proof is not signed by a trusted key"];
  const { statement } = proof;
  return statement.backupId === backupId && statement.manifestSha256 === manifestSha256
    ? []
    : ["its proof belongs to another backup"];
}
