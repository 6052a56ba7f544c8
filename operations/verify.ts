import type { Opener } from "../clients/age.ts";
import type { Reporter } from "../clients/reporter.ts";
import type { Vault } from "../clients/vault.ts";
import { canOpen } from "./backupSource.ts";
import { chooseBackup } from "./chooseBackup.ts";
import { listBackups } from "./listBackups.ts";
import type { TierPrefix } from "./listBackups.ts";
import { contentOf } from "./manifest.ts";
import { readBack } from "./readBack.ts";
import { readManifest } from "./readManifest.ts";

/** What a full reading has shown. */
export interface VerifyResult {
  backupId: string;
  tier: string;
  snapshotAt: string;
  parts: number;
  sizeBytes: number;
  tables: number;
  rows: number;
  /** False where the backup is encrypted and no identity was at hand: then sizes and hashes were compared, not rows. */
  isDecrypted: boolean;
  durationMs: number;
}

/** What to verify, and against which keys. */
export interface VerifyOptions {
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  /** Opens an encrypted backup; without it such a one is held against its sizes and hashes alone. */
  opener?: Opener | undefined;
  tiers: readonly TierPrefix[];
  /** A backup by id; else the newest proven one. */
  backupId?: string | undefined;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/**
 * Reads a whole backup: signature, sizes, SHA-256, decompression, the definitions as pg_restore reads them, every row against
 * the fingerprints in the manifest. PromiseError, which names the object, where anything is wrong.
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { vault, trustedKeys, tiers, reporter, signal } = options;
  const startedAt = performance.now();
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  // A named backup is read also when it isn't proven: that is what the command is for.
  const named = backups.find((backup) => backup.backupId === options.backupId);
  const { backupId, prefix } = named ?? chooseBackup(backups, { backupId: options.backupId });
  const { manifest } = await readManifest(vault, prefix, backupId, trustedKeys, signal);
  reporter(`Reading backup ${backupId} back`);
  const source = { vault, manifest, opener: options.opener };
  await readBack(source, signal);
  return {
    backupId,
    tier: manifest.tier,
    snapshotAt: manifest.snapshotAt,
    parts: contentOf(manifest).length,
    sizeBytes: contentOf(manifest).reduce((sum, one) => sum + one.sizeBytes, 0),
    tables: manifest.tables.length,
    rows: manifest.tables.reduce((sum, table) => sum + table.rows, 0),
    isDecrypted: canOpen(source),
    durationMs: Math.round(performance.now() - startedAt),
  };
}
