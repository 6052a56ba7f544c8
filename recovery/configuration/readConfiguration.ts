import { UserError } from "../../services/common/errors.ts";
import type { Opener } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { canOpen } from "../vault/backupSource.ts";
import { chooseBackup, type ChosenBackup } from "../vault/chooseBackup.ts";
import { lackingNames } from "../vault/completeness.ts";
import { missingIn } from "../vault/configurationPart.ts";
import { ALL } from "../vault/lacks.ts";
import { type BackupSummary, listBackups, takenAt, type TierPrefix } from "../vault/listBackups.ts";
import { isRegular, type Manifest } from "../vault/manifest.ts";
import { readPlain } from "../vault/readPart.ts";
import { parseVariableValues, type VariableValues } from "../vault/variableValuesPart.ts";

/** Whose configuration to read. */
export interface ReadConfigurationOptions {
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  /** Opens an encrypted backup. */
  opener?: Opener | undefined;
  /** A backup by id, and nothing but it; else the newest proven one, and from older ones what it lacks. */
  backupId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** What a backup says of the configuration, and which newer backups it was not read from, in sentences. */
export interface StoredConfiguration {
  configuration: unknown;
  passedOver: string[];
  /** The backup, or the newest of those that the parts come from. */
  backupId: string;
  /** The variables' values in that backup, which are secret. Absent in one that is not sealed, and in older ones. */
  values?: VariableValues | undefined;
}

/**
 * The configuration that was stored with a proven backup, its hash checked against the signed manifest. Where no backup is named, each part
 * comes from the newest one that has it: `from` names that backup for each part that is not the newest's own, and `missing` keeps what no
 * backup has.
 *
 * @throws UserError for a backup that does not exist, is not proven, or holds no configuration
 */
export async function readConfiguration(options: ReadConfigurationOptions): Promise<StoredConfiguration> {
  const { vault, trustedKeys, tiers, backupId, signal } = options;
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  if (backupId !== undefined) {
    const { chosen } = chooseBackup(backups, { backupId });
    return { ...(await withValues(chosen, options)), passedOver: [] };
  }
  const holders = backups.filter(holdsConfiguration).sort((a, b) => takenAt(b) - takenAt(a));
  if (holders.length === 0)
    throw new UserError(`Backup ${chooseBackup(backups, {}).chosen.backupId} holds no configuration.`);
  // The newest configuration may be newer than the newest full backup.
  const { chosen, passedOver } = chooseBackup(backups, { accepts: isHolder });
  const older = holders.filter((one) => takenAt(one) < takenAt(chosen));
  const { configuration, ...rest } = await withValues(chosen, options);
  return { ...rest, configuration: await completed(configuration, older, options), passedOver };
}

async function withValues(chosen: ChosenBackup, options: ReadConfigurationOptions) {
  const { vault, opener, signal } = options;
  const { backupId, manifest } = chosen;
  const configuration = await contentOf(chosen, options);
  const part = manifest.parts.find(({ name }) => name === "variable-values.json");
  if (part === undefined) return { backupId, configuration };
  const text = (await readPlain({ vault, manifest, opener }, part, signal)).toString("utf8");
  return { backupId, configuration, values: parseVariableValues(text) };
}

/** A configuration with what it lacks taken from older ones, the newest of each part. */
async function completed(
  content: Record<string, unknown>,
  older: readonly ChosenBackup[],
  options: ReadConfigurationOptions,
): Promise<Record<string, unknown>> {
  let missing = missingIn(content);
  const added: Record<string, unknown> = {};
  const from: Record<string, { backupId: string; snapshotAt: string }> = {};
  for (const backup of older) {
    if (missing.length === 0) break;
    const { manifest } = backup;
    if (!canOpen({ ...options, manifest })) continue;
    const lacking = lackingNames(manifest, "configuration");
    if (lacking.includes(ALL) || missing.every(({ part }) => lacking.includes(part))) continue;
    const theirs = await contentOf(backup, options);
    missing = missing.filter(({ part }) => {
      if (theirs[part] === undefined) return true;
      added[part] = theirs[part];
      from[part] = { backupId: manifest.backupId, snapshotAt: manifest.snapshotAt };
      return false;
    });
  }
  return Object.keys(from).length === 0 ? content : { ...content, ...added, missing, from };
}

function holdsConfiguration(backup: BackupSummary): backup is ChosenBackup {
  return backup.proven && backup.manifest !== undefined && isHolder(backup.manifest);
}

function isHolder(manifest: Manifest): boolean {
  const isMeant = manifest.kind === "configuration" || isRegular(manifest);
  return isMeant && manifest.parts.some(({ name }) => name === "configuration.json");
}

async function contentOf(
  { backupId, manifest }: ChosenBackup,
  { vault, opener, signal }: ReadConfigurationOptions,
): Promise<Record<string, unknown>> {
  const part = manifest.parts.find(({ name }) => name === "configuration.json");
  if (part === undefined) throw new UserError(`Backup ${backupId} holds no configuration.`);
  const content = await readPlain({ vault, manifest, opener }, part, signal);
  return JSON.parse(content.toString("utf8")) as Record<string, unknown>;
}
