import { pool } from "../../services/common/pool.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { holdersAmong } from "../vault/completeness.ts";
import type { BackupSummary } from "../vault/listBackups.ts";
import { contentOf, keyOf, MANIFEST, type Manifest, PROOF, SIGNATURE } from "../vault/manifest.ts";
import { provenFull } from "../vault/provenBackups.ts";

/**
 * Objects that are held or let go of at once: fewer than the client has connections. One that waited for a connection would count as
 * unanswered, and a backup may have a hundred thousand.
 */
const AT_ONCE = 24;

/** The objects of a backup between its manifest, which is held first and let go of last, and its proof, which is held last. */
function objectsOf(prefix: string, manifest: Manifest): string[] {
  return [...contentOf(manifest).map(({ key }) => key), keyOf(prefix, manifest.backupId, SIGNATURE)];
}

/**
 * Holds every backup that must not be lost (completeness.ts): the newest proven one, as the database comes from it, and the newest that
 * has all of each part beside the database. Then lets go of the others: lifecycle expires by age alone, so without the hold a stop
 * of all runs would end with an empty vault. New holds come first, so that at no time a part has none. A backup whose proof is held is
 * held whole; one whose manifest is held may be held in part, by a run that was interrupted, and the next one finishes.
 *
 * @param newest the backup that was just taken, proven
 * @param earlier what the vault held before; two requests for each that is held already, one for each other
 */
export async function moveLegalHold(vault: Vault, newest: Place, earlier: readonly BackupSummary[]): Promise<void> {
  const others = earlier.filter(({ backupId }) => backupId !== newest.manifest.backupId);
  const holders = holdersAmong<Place>([newest, ...provenFull(others)]);
  for (const holder of holders) await hold(vault, holder);
  const held = new Set([...holders].map(({ manifest }) => manifest.backupId));
  for (const { prefix, manifest } of others) {
    if (manifest === undefined || held.has(manifest.backupId)) continue;
    if (await vault.hasLegalHold(keyOf(prefix, manifest.backupId, MANIFEST))) await letGo(vault, { prefix, manifest });
  }
}

/** A backup and where it lies. */
interface Place {
  prefix: string;
  manifest: Manifest;
}

async function hold(vault: Vault, { prefix, manifest }: Place): Promise<void> {
  const [first, last] = [keyOf(prefix, manifest.backupId, MANIFEST), keyOf(prefix, manifest.backupId, PROOF)];
  if ((await vault.hasLegalHold(last)) && (await vault.hasLegalHold(first))) return;
  await vault.setLegalHold(first, true);
  await pool(objectsOf(prefix, manifest), AT_ONCE, (key) => vault.setLegalHold(key, true));
  await vault.setLegalHold(last, true);
}

async function letGo(vault: Vault, { prefix, manifest }: Place): Promise<void> {
  await vault.setLegalHold(keyOf(prefix, manifest.backupId, PROOF), false);
  await pool(objectsOf(prefix, manifest), AT_ONCE, (key) => vault.setLegalHold(key, false));
  await vault.setLegalHold(keyOf(prefix, manifest.backupId, MANIFEST), false);
}
