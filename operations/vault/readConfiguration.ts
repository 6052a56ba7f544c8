import type { Opener } from "../../clients/age.ts";
import { UserError } from "../../clients/errors.ts";
import type { Vault } from "../../clients/vault.ts";
import { chooseBackup } from "./chooseBackup.ts";
import { isRegular } from "./manifest.ts";
import { listBackups, type TierPrefix } from "./listBackups.ts";
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

/** What a backup says of the configuration, and which newer backups it was not read from, in sentences. */
export interface StoredConfiguration {
  configuration: unknown;
  passedOver: string[];
}

/**
 * The configuration that was stored with a proven backup, its hash checked against the signed manifest.
 *
 * @throws UserError for a backup that does not exist, is not proven, or holds no configuration
 */
export async function readConfiguration(options: ReadConfigurationOptions): Promise<StoredConfiguration> {
  const { vault, trustedKeys, tiers, backupId, signal } = options;
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  const { chosen, passedOver } = chooseBackup(backups, {
    backupId,
    // The newest configuration may be newer than the newest full backup.
    accepts: (manifest) => isRegular(manifest) || manifest.kind === "configuration",
  });
  const part = chosen.manifest.parts.find((one) => one.name === "configuration.json");
  if (part === undefined) throw new UserError(`Backup ${chosen.backupId} holds no configuration.`);
  const content = await readPlain({ vault, manifest: chosen.manifest, opener: options.opener }, part, signal);
  return { configuration: JSON.parse(content.toString("utf8")) as unknown, passedOver };
}
