import type { Opener } from "../../clients/age.ts";
import { UserError } from "../../clients/errors.ts";
import type { Vault } from "../../clients/vault.ts";
import { chooseBackup } from "./chooseBackup.ts";
import { isRegular } from "./manifest.ts";
import { listBackups, takenAt, type TierPrefix } from "./listBackups.ts";
import { readPlain } from "./readPart.ts";

/** Whose configuration to read. */
export interface ReadConfigurationOptions {
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  /** Opens an encrypted backup. */
  opener?: Opener | undefined;
  /** A backup by id; else the newest proven one. */
  backupId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The configuration that was stored with a proven backup, its hash checked against the signed manifest.
 *
 * @throws UserError for a backup that does not exist, is not proven, or holds no configuration
 */
export async function readConfiguration(options: ReadConfigurationOptions): Promise<unknown> {
  const { vault, trustedKeys, tiers, backupId, signal } = options;
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  // The newest configuration may be newer than the newest full backup.
  const newest = backups.find(({ proven, manifest }) => proven && manifest?.kind === "configuration");
  const full = backups.find(({ proven, manifest }) => proven && manifest !== undefined && isRegular(manifest));
  const isNewer = newest !== undefined && (full === undefined || takenAt(newest) > takenAt(full));
  const chosen = chooseBackup(backups, { backupId: backupId ?? (isNewer ? newest.backupId : undefined) });
  const part = chosen.manifest.parts.find((one) => one.name === "configuration.json");
  if (part === undefined) throw new UserError(`Backup ${chosen.backupId} holds no configuration.`);
  const content = await readPlain({ vault, manifest: chosen.manifest, opener: options.opener }, part, signal);
  return JSON.parse(content.toString("utf8")) as unknown;
}
