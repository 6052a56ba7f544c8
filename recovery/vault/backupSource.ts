import { UserError } from "../../services/common/errors.ts";
import type { Opener } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { Manifest } from "./manifest.ts";

/** A backup whose objects are read: where they lie, what they should be, and what opens them where they are encrypted. */
export interface BackupSource {
  vault: Vault;
  manifest: Manifest;
  /** Absent where no identity is at hand. */
  opener?: Opener | undefined;
  /** It was written just now: only the newest version of each object is read, as an older one would hide that the writing has failed. */
  isFresh?: boolean | undefined;
}

/** The opener that the backup's objects need: none where they are plain. UserError where they are encrypted and none is at hand. */
export function openerFor({ manifest, opener }: BackupSource): Opener | undefined {
  if (manifest.encryption === undefined) return undefined;
  if (opener !== undefined) return opener;
  throw new UserError(
    `Backup ${manifest.backupId} is encrypted to ${manifest.encryption.recipients.join(", ")}: put the identity into CASTCHAT_AGE_IDENTITY, or its file's name into CASTCHAT_AGE_IDENTITY_FILE.`,
  );
}

/** Whether the backup's content can be read here, beyond its hashes. */
export function canOpen({ manifest, opener }: BackupSource): boolean {
  return manifest.encryption === undefined || opener !== undefined;
}
