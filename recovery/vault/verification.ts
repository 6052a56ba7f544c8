import { z } from "zod";

import { MADE_BY } from "../../planning/madeBy.ts";
import { PromiseError } from "../../services/common/errors.ts";
import { isSignedByOneOf, type Signer } from "../../services/signer/signer.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { keyOf, MOST_BYTES } from "./manifest.ts";
import { parseSigned, proofBytes } from "./proof.ts";
import { readGood, unlessRefused } from "./walkVersions.ts";

/** Folder of a backup's verifications, next to its manifest: one object each, named by its time. */
export const VERIFICATIONS = "verifications/";

/** The best result of a verification, weakest first: read back; read back decrypted; restored, with all checks passed. */
export const LEVELS = ["proven", "decrypt-proven", "restored-proven"] as const;
export type VerificationLevel = (typeof LEVELS)[number];

/** The checks of a test restore, in the order and words of docs/objectives.md. */
export const CHECKLIST = [
  "Database restoration successful",
  "All tables present with correct schema",
  "Data integrity verified",
  "Application connectivity working",
  "Authentication functional",
  "Critical user flows working",
] as const;
export type ChecklistItem = (typeof CHECKLIST)[number];
/** The result of a check. "not checked" lacks something that the check needs, and never counts as ok. */
export const CHECK_STATES = ["ok", "not ok", "not checked"] as const;
export type CheckState = (typeof CHECK_STATES)[number];

const shareSchema = z.object({ number: z.number().int().positive(), of: z.number().int().positive() });
/** The n-th of t shares of a backup's objects. */
export type Share = z.infer<typeof shareSchema>;

const verificationSchema = z.object({
  format: z.literal("castchat-verification"),
  formatVersion: z.literal(1),
  backupId: z.string(),
  /** SHA-256 of the manifest that was verified. The verification is about no other manifest. */
  manifestSha256: z.string().regex(/^[0-9a-f]{64}$/),
  verifiedAt: z.iso.datetime(),
  ok: z.boolean(),
  /** Absent if there was a fault, and for a share, which shows no level. */
  level: z.enum(LEVELS).optional(),
  /** Absent if everything was read. */
  share: shareSchema.optional(),
  /** Objects that were read in full, and their bytes in the vault. */
  objects: z.number().int().nonnegative(),
  sizeBytes: z.number().int().nonnegative(),
  /** The objects' faults, in clauses. */
  faults: z.array(z.string()),
  /** What was passed over or found deleted although the backup is whole, in clauses. Absent if there was nothing. */
  walkedPast: z.array(z.string()).optional(),
  /** Present if the backup was restored. */
  restore: z
    .object({
      throwaway: z.string(),
      restoreMs: z.number().optional(),
      lines: z.array(
        z.object({ item: z.enum(CHECKLIST), what: z.string(), state: z.enum(CHECK_STATES), detail: z.string() }),
      ),
      notes: z.array(z.string()),
    })
    .optional(),
  durationMs: z.number().nonnegative(),
  /** Absent in those of an earlier version. */
  madeBy: MADE_BY.optional(),
});

/** The result of a verification, as it is signed. */
export type Verification = z.infer<typeof verificationSchema>;

/** The name of a verification's object, by its time: "20260701T020000.123Z.json". */
function verificationObject(verifiedAt: string): string {
  return `${VERIFICATIONS}${verifiedAt.replaceAll(/[-:]/g, "")}.json`;
}

/** Signs a verification and stores it next to its backup. Returns its key. */
export async function storeVerification(
  verification: Verification,
  place: {
    vault: Vault;
    signer: Signer;
    prefix: string;
    lockUntil: Date | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<string> {
  const { vault, signer, prefix, lockUntil, signal } = place;
  const statement = JSON.stringify(verification);
  const signature = await signer.sign(Buffer.from(statement, "utf8"), signal);
  const key = keyOf(prefix, verification.backupId, verificationObject(verification.verifiedAt));
  await vault.put(key, proofBytes(statement, signature), { contentType: "application/json", lockUntil, signal });
  return key;
}

/** What a backup's verifications show. */
export interface VerifiedState {
  /** The newest valid one. */
  latest: Verification | undefined;
  /** The newest one among those that show the highest level. */
  best: (Verification & { level: VerificationLevel }) | undefined;
  /** Objects that are not valid: unsigned, forged, of another backup, or under another name. */
  unbelieved: string[];
}

/** The most verifications of a backup that are read, newest first. */
const READ = 20;

/**
 * Reads a backup's verifications. One is only valid if a trusted key has signed it, it is about this backup and this manifest, and its name
 * matches its time.
 *
 * @param keys as the vault lists them
 */
export async function readVerifications(
  vault: Vault,
  backup: { backupId: string; manifestSha256: string; keys: readonly string[] },
  trustedKeys: readonly string[],
  signal?: AbortSignal,
): Promise<VerifiedState> {
  const newest = [...backup.keys].sort().reverse().slice(0, READ);
  const state: VerifiedState = { latest: undefined, best: undefined, unbelieved: [] };
  for (const key of newest) {
    const verification = await readBelieved(vault, key, backup, trustedKeys, signal);
    if (verification === undefined) {
      state.unbelieved.push(key);
      continue;
    }
    state.latest ??= verification;
    const { ok, level } = verification;
    const rank = (one: VerificationLevel | undefined) => (one === undefined ? -1 : LEVELS.indexOf(one));
    if (ok && level !== undefined && rank(level) > rank(state.best?.level)) state.best = { ...verification, level };
  }
  return state;
}

/** Undefined if no version of it is valid. */
async function readBelieved(
  vault: Vault,
  key: string,
  backup: { backupId: string; manifestSha256: string },
  trustedKeys: readonly string[],
  signal?: AbortSignal,
): Promise<Verification | undefined> {
  const judge = (bytes: Uint8Array) => {
    const signed = parseSigned(bytes, verificationSchema);
    const isOfIt =
      signed?.statement.backupId === backup.backupId &&
      signed.statement.manifestSha256 === backup.manifestSha256 &&
      key.endsWith(`/${verificationObject(signed.statement.verifiedAt)}`);
    if (!isOfIt || !isSignedByOneOf(trustedKeys, signed.signedBytes, signed.signature))
      throw new PromiseError("no trusted key has signed it for this backup");
    return signed.statement;
  };
  return await unlessRefused(() => readGood(vault, { key, mostBytes: MOST_BYTES.statement }, judge, signal));
}
