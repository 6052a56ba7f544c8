import { UserError } from "../../services/common/errors.ts";
import type { Opener } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { Manifest } from "./manifest.ts";

/** A backup to read: where its objects lie, what they should hold, and what decrypts them. */
export interface BackupSource {
  vault: Vault;
  manifest: Manifest;
  /** Absent if there is no identity to decrypt with. */
  opener?: Opener | undefined;
  /** The backup was just written, so only the newest version of each object is read. An older version would hide a failed upload. */
  isFresh?: boolean | undefined;
}

/**
 * The opener that the backup's objects need. Undefined if they are plain.
 *
 * @throws UserError if they are encrypted and there is no opener
 */
export function openerFor({ manifest, opener }: BackupSource): Opener | undefined {
  if (manifest.encryption === undefined) return undefined;
  if (opener !== undefined) return opener;
  throw new UserError(
    `Backup ${manifest.backupId} is encrypted to ${manifest.encryption.recipients.join(", ")}. Set CASTCHAT_AGE_IDENTITY to the identity, or CASTCHAT_AGE_IDENTITY_FILE to the name of its file.`,
  );
}

/** Whether the backup's content can be read, and not only its hashes. */
export function canOpen({ manifest, opener }: BackupSource): boolean {
  return manifest.encryption === undefined || opener !== undefined;
}
