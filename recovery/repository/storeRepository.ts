import { hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";

import type { Git } from "../../services/codeHost/git.ts";
import { messageOf, PromiseError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { MIRRORED, mirroredOf } from "../mirror/refs.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import { FileStore } from "../project/fileStore.ts";
import type { BackupSource } from "../vault/backupSource.ts";
import type { BackupFile, BackupPart } from "../vault/manifest.ts";
import { type RepositoryPart, repositoryText, type StoredRepositoryState } from "../vault/repositoryPart.ts";
import { type RunPlace, storeText } from "../vault/storePart.ts";
import { addBundle, proveRepository, readBundles } from "./openRepository.ts";

/** A repository to store. */
export interface RepositoryToStore {
  /** "owner/name" at the code host. */
  fullName: string;
  /** Address that git reads. */
  url: string;
  git: Git;
  /** The complete backup whose history need not be stored again. It must be one that can be opened. @default - all history is stored */
  base?: BackupSource | undefined;
  reporter: Reporter;
}

/** What was stored of a repository. */
export interface StoredRepository {
  parts: BackupPart[];
  repository: StoredRepositoryState;
  files: BackupFile[];
  leftOut: LeftOut[];
}

/** Hash of the refs and the default branch that a repository shows: equal hashes mean that nothing has changed. */
export function stateOf(part: Omit<RepositoryPart, "format">): string {
  return hash("sha256", repositoryText(part));
}

/** The part of what a repository shows that is stored. */
export async function shownBy({ git, url }: Pick<RepositoryToStore, "git" | "url">, signal: AbortSignal) {
  const { refs, defaultBranch } = await git.listing(url, signal);
  return { defaultBranch, refs: [...mirroredOf(refs)].map(([name, object]) => ({ name, object })) };
}

/**
 * Stores a repository's branches, tags and notes with all of their history, as a git bundle. Before it is stored, the bundle is fetched into an empty
 * repository, behind the one that it builds on, and that repository is checked whole. A base that cannot be used is reported, and all history is
 * stored.
 *
 * @throws PromiseError if the bundle does not give the repository back
 */
export async function storeRepository(
  place: RunPlace,
  one: RepositoryToStore,
  signal: AbortSignal,
): Promise<StoredRepository> {
  return await withTemporaryFolder("bundle", async (folder) => {
    const { git, url, fullName } = one;
    const copy = git.bare(join(folder, "copy"));
    await copy.create(signal);
    const { defaultBranch } = await git.listing(url, signal);
    await copy.fetch(
      url,
      MIRRORED.map((prefix) => `+${prefix}*:${prefix}*`),
      signal,
    );
    // What was fetched counts: the listing may be of a moment earlier.
    const refs = (await Promise.all(MIRRORED.map((prefix) => copy.refs(prefix, signal)))).flat();
    const part = { defaultBranch, refs };
    const base = await openedBase(one, git.bare(join(folder, "on-base")), signal);
    const proof = git.bare(join(folder, base === undefined ? "proof" : "on-base"));
    await proof.create(signal);
    const known =
      base === undefined
        ? []
        : [
            ...(await copy.holds(
              base.refs.map(({ object }) => object),
              signal,
            )),
          ];
    const path = join(folder, "bundle");
    const files = new FileStore(place);
    if (await copy.bundle(path, known, signal)) {
      await addBundle(proof, path, place.backupId, signal);
      files.keep(await files.put("bundle", fullName, "application/x-git-bundle", createReadStream(path), signal));
    }
    await proveRepository(proof, part, signal);
    const pointers = await copy.lfsObjects(
      refs.map(({ object }) => object),
      [],
      signal,
    );
    return {
      parts: [await storeText(place, "repository.json", repositoryText(part), signal)],
      files: files.sorted(),
      repository: { fullName, state: stateOf(part), ...(base && { base: one.base?.manifest.backupId }) },
      leftOut:
        pointers.length === 0
          ? []
          : [
              {
                what: `${pointers.length} files in Git LFS of ${fullName}`,
                why: "a bundle holds only the pointers to them; the mirrors hold the files",
              },
            ],
    };
  });
}

/** The complete backup in a repository of this machine; undefined if there is none, or if it cannot be used. */
async function openedBase(
  { base, reporter, fullName }: RepositoryToStore,
  proof: ReturnType<Git["bare"]>,
  signal: AbortSignal,
): Promise<RepositoryPart | undefined> {
  if (base === undefined) return undefined;
  try {
    return await readBundles(base, [base.manifest], proof, signal);
  } catch (error) {
    if (!(error instanceof PromiseError)) throw error;
    reporter(
      `all of ${fullName} is stored again: the backup ${base.manifest.backupId} is damaged (${messageOf(error)})`,
    );
    return undefined;
  }
}
