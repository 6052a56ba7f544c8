import type { Git } from "../../services/codeHost/git.ts";
import { shownBy, stateOf } from "../repository/storeRepository.ts";
import { provenFull } from "../vault/chooseBackup.ts";
import { listBackups } from "../vault/listBackups.ts";
import { baseInWeek, chainOf, isRepositoryObject } from "../vault/repositoryChain.ts";
import { backup, type BackupOptions, type BackupResult } from "./backup.ts";

/** Which repository is stored, and where. */
export interface BackupRepositoryOptions extends Omit<BackupOptions, "kind" | "repository" | "databaseUrl"> {
  trustedKeys: readonly string[];
  /** "owner/name" at the code host. */
  fullName: string;
  /** Address that git reads. */
  url: string;
  git: Git;
  signal: AbortSignal;
}

/**
 * Stores a repository as a proven backup, unless the newest one has the same refs. The first of an ISO week holds all history, the others what that
 * one has not. A sealed one can only be built upon by a run that can open it; without an identity each holds all history.
 *
 * @returns undefined if nothing has changed
 */
export async function backupRepository(options: BackupRepositoryOptions): Promise<BackupResult | undefined> {
  const { vault, trustedKeys, tiers, opener, sealer, fullName, url, git, clock, reporter, signal } = options;
  const listed = await listBackups({
    vault,
    trustedKeys,
    tiers: tiers.slice(0, 1),
    having: isRepositoryObject,
    signal,
  });
  const earlier = provenFull(listed, ({ repository }) => repository?.fullName === fullName);
  const usable = earlier.filter((one) => chainOf(one, earlier) !== undefined);
  const state = stateOf(await shownBy({ git, url }, signal));
  if (usable[0]?.manifest.repository?.state === state) return undefined;
  const newest = baseInWeek(earlier, clock());
  const opens = newest !== undefined && (newest.manifest.encryption === undefined || opener !== undefined);
  // A bundle in clear must not need a sealed one, nor the other way round: who reads one shall be able to read both.
  const isLike = (newest?.manifest.encryption === undefined) === (sealer === undefined);
  const base = opens && isLike ? { vault, opener, manifest: newest.manifest } : undefined;
  return await backup({ ...options, kind: "repository", repository: { fullName, url, git, base, reporter } });
}
