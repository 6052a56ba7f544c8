import type { Vault } from "../../clients/vault.ts";
import { inTurns } from "../inTurns.ts";
import type { BackupSummary } from "../vault/listBackups.ts";
import { MANIFEST, PROOF, SIGNATURE, contentOf, keyOf } from "../vault/manifest.ts";
import type { Manifest } from "../vault/manifest.ts";

/**
 * Objects that are held or let go of at once: fewer than the client has connections. One that waited for a connection would count as
 * unanswered, and a backup may have a hundred thousand.
 */
const AT_ONCE = 24;

/** Every object of a backup, its manifest last. */
function objectsOf(prefix: string, manifest: Manifest): string[] {
  const { backupId } = manifest;
  return [
    ...contentOf(manifest).map(({ key }) => key),
    ...[PROOF, SIGNATURE, MANIFEST].map((object) => keyOf(prefix, backupId, object)),
  ];
}

/**
 * Holds the newest proven backup, then lets go of the ones before it: lifecycle expires by age alone, so without the hold
 * a stop of all runs would end with an empty vault. The new hold comes first, so that at no time none is held. A backup's
 * manifest is let go of last: where a run was interrupted, the next one finds it still held and finishes.
 */
export async function moveLegalHold(
  vault: Vault,
  newest: { prefix: string; manifest: Manifest },
  earlier: readonly BackupSummary[],
): Promise<void> {
  await inTurns(objectsOf(newest.prefix, newest.manifest), AT_ONCE, (key) => vault.setLegalHold(key, true));
  for (const { prefix, manifest } of earlier) {
    if (manifest === undefined || manifest.backupId === newest.manifest.backupId) continue;
    if (!(await vault.hasLegalHold(keyOf(prefix, manifest.backupId, MANIFEST)))) continue;
    const objects = objectsOf(prefix, manifest);
    const last = objects.pop();
    await inTurns(objects, AT_ONCE, (key) => vault.setLegalHold(key, false));
    if (last !== undefined) await vault.setLegalHold(last, false);
  }
}
