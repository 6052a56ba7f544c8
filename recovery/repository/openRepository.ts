import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

import type { BareRepository } from "../../services/codeHost/bareRepository.ts";
import { GitError } from "../../services/codeHost/git.ts";
import { messageOf, PromiseError } from "../../services/common/errors.ts";
import type { BackupSource } from "../vault/backupSource.ts";
import { fetchText } from "../vault/fetchPart.ts";
import type { Manifest } from "../vault/manifest.ts";
import { readPart } from "../vault/readPart.ts";
import { parseRepository, type RepositoryPart } from "../vault/repositoryPart.ts";

/**
 * Brings a repository's history back from its chain of backups into an empty bare repository of this machine, which gets no branches yet:
 * {@link proveRepository} gives it those of the returned part.
 *
 * @param chain the complete backup first
 * @throws PromiseError if a bundle is damaged or lacks history
 */
export async function readBundles(
  source: Omit<BackupSource, "manifest">,
  chain: readonly Manifest[],
  into: BareRepository,
  signal: AbortSignal,
): Promise<RepositoryPart> {
  await into.create(signal);
  let part: RepositoryPart = { format: 1, refs: [] };
  for (const manifest of chain) {
    const one = { ...source, manifest };
    part = parseRepository(await fetchText(one, "repository.json", signal));
    for (const [at, file] of manifest.files.entries()) {
      const path = `${into.folder}.${at}.bundle`;
      // git sees nothing of it before all of it has been compared with the manifest.
      await pipeline(await readPart(one, file, signal), createWriteStream(path, { mode: 0o600 }), { signal });
      await addBundle(into, path, manifest.backupId, signal);
      await rm(path);
    }
  }
  return part;
}

/** Adds the history of a bundle to a repository. Throws PromiseError if it needs commits that the repository has not. */
export async function addBundle(
  into: BareRepository,
  path: string,
  backupId: string,
  signal: AbortSignal,
): Promise<void> {
  await promised(`the bundle of ${backupId} cannot be used`, signal, () =>
    into.fetch(path, [`+refs/*:refs/bundle/${backupId}/*`], signal),
  );
}

/** Gives a repository its refs, and checks all of its objects. Throws PromiseError if one is missing or damaged. */
export async function proveRepository(
  into: BareRepository,
  { refs, defaultBranch }: Pick<RepositoryPart, "refs" | "defaultBranch">,
  signal: AbortSignal,
): Promise<void> {
  await promised("the stored history is not whole", signal, async () => {
    await into.setRefs(refs, signal);
    await into.fsck(signal);
  });
  if (defaultBranch !== undefined) await into.setHead(defaultBranch, signal);
}

async function promised(what: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GitError)) throw error;
    throw new PromiseError(`${what}: ${messageOf(error)}`, { cause: error });
  }
}
