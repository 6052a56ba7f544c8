import { pool } from "../../services/common/pool.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { provenFull } from "../vault/chooseBackup.ts";
import { holdersAmong } from "../vault/completeness.ts";
import type { BackupSummary } from "../vault/listBackups.ts";
import { contentOf, keyOf, MANIFEST, type Manifest, PROOF, SIGNATURE } from "../vault/manifest.ts";
import { repositoriesToHold } from "../vault/repositoryChain.ts";
import { environmentsToHold } from "../vault/sealedEnvironments.ts";

/**
 * Objects that are held or released at once. It stays below the client's number of connections: a request that waits for a connection
 * counts as unanswered, and a backup may have a hundred thousand objects.
 */
const AT_ONCE = 24;

/** The objects of a backup except its manifest, which is held first and released last, and its proof, which is held last. */
function objectsOf(prefix: string, manifest: Manifest): string[] {
  return [...contentOf(manifest).map(({ key }) => key), keyOf(prefix, manifest.backupId, SIGNATURE)];
}

/**
 * Holds every backup that must not be lost (completeness.ts): the newest proven one, which the database is restored from, and the newest
 * one that has all of each part outside the database, each app's variables (sealedEnvironments.ts) and each repository (repositoryChain.ts). Then it releases all others. Lifecycle rules expire by age only, so without the hold
 * an end of all runs would end with an empty vault. New holds come first, so that each part is held at all times. A backup whose proof is
 * held is completely held. A backup whose manifest is held may be held in part, by a run that was interrupted; the next run finishes it.
 *
 * @param newest the backup that was just taken, proven
 * @param earlier what the vault held before; costs two requests for each backup that is held already, and one for each other
 */
export async function moveLegalHold(
  vault: Vault,
  newest: Place,
  earlier: readonly BackupSummary[],
  signal: AbortSignal,
): Promise<void> {
  const others = earlier.filter(({ backupId }) => backupId !== newest.manifest.backupId);
  const isOutside = newest.manifest.kind === "environment" || newest.manifest.kind === "repository";
  const environments = [newest, ...provenFull(others, ({ kind }) => kind === "environment")];
  const holders = [
    ...holdersAmong<Place>([...(isOutside ? [] : [newest]), ...provenFull(others)]),
    ...environmentsToHold<Place>(environments, Date.parse(newest.manifest.snapshotAt)),
    ...repositoriesToHold<Place>([newest, ...provenFull(others, ({ kind }) => kind === "repository")]),
  ];
  for (const holder of holders) await hold(vault, holder, signal);
  const held = new Set(holders.map(({ manifest }) => manifest.backupId));
  for (const { prefix, manifest } of others) {
    if (manifest === undefined || held.has(manifest.backupId)) continue;
    if (await vault.hasLegalHold(keyOf(prefix, manifest.backupId, MANIFEST), signal))
      await release(vault, { prefix, manifest }, signal);
  }
}

/** A backup and its prefix. */
interface Place {
  prefix: string;
  manifest: Manifest;
}

async function hold(vault: Vault, { prefix, manifest }: Place, signal: AbortSignal): Promise<void> {
  const [first, last] = [keyOf(prefix, manifest.backupId, MANIFEST), keyOf(prefix, manifest.backupId, PROOF)];
  if ((await vault.hasLegalHold(last, signal)) && (await vault.hasLegalHold(first, signal))) return;
  await vault.setLegalHold(first, true, signal);
  await pool(objectsOf(prefix, manifest), AT_ONCE, (key, inner) => vault.setLegalHold(key, true, inner), signal);
  await vault.setLegalHold(last, true, signal);
}

async function release(vault: Vault, { prefix, manifest }: Place, signal: AbortSignal): Promise<void> {
  await vault.setLegalHold(keyOf(prefix, manifest.backupId, PROOF), false, signal);
  await pool(objectsOf(prefix, manifest), AT_ONCE, (key, inner) => vault.setLegalHold(key, false, inner), signal);
  await vault.setLegalHold(keyOf(prefix, manifest.backupId, MANIFEST), false, signal);
}
