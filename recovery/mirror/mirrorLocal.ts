import { join, resolve } from "node:path";

import { UserError } from "../../services/common/errors.ts";
import { findRepository, type NamedRepository } from "./findRepository.ts";
import type { NamedResult, NamedRun } from "./mirrorNamed.ts";
import { mirrorRepository } from "./mirrorRepository.ts";

/** The bare repository in a folder of mirrors. */
export function localMirror(folder: string, fullName: string): string {
  if (fullName.split("/").some((part) => /^\.*$/.test(part))) throw new UserError(`"${fullName}" names no repository.`);
  return join(resolve(folder), `${fullName}.git`);
}

/**
 * Keeps a bare clone of a repository in a folder of this machine, with its files in Git LFS, by the rules of every mirror. Of the source only
 * what the clone lacks is fetched.
 */
export async function mirrorLocal(
  run: NamedRun,
  source: NamedRepository,
  folder: string,
  deployedBranches: readonly string[] = [],
): Promise<NamedResult> {
  const place = localMirror(folder, source.fullName);
  const bare = run.git.bare(place);
  await bare.create(run.signal);
  const found = await findRepository(source, run.signal);
  const protectedBranches = [...deployedBranches, ...found.protectedBranches];
  const result = await mirrorRepository({
    ...run,
    source: { url: found.url, protectedBranches: () => Promise.resolve(protectedBranches) },
    target: { url: place, lender: place, setDefaultBranch: (branch, signal) => bare.setHead(branch, signal) },
  });
  return { ...result, notes: found.notes };
}
