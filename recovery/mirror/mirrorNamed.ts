import type { Git } from "../../services/codeHost/git.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { findRepository, type FoundRepository, type NamedRepository } from "./findRepository.ts";
import { mirrorRepository, type MirrorResult } from "./mirrorRepository.ts";
import type { RewrittenBranches } from "./mirrorRun.ts";

/** A repository of a code host, and its mirror at one. */
export interface NamedPair {
  source: NamedRepository;
  mirror: NamedRepository;
  /** Branches that apps are deployed from: protected like those that the host protects. */
  deployedBranches: readonly string[];
}

/** A run over a pair, with what a person has to correct, in sentences. */
export interface NamedResult extends MirrorResult {
  notes: string[];
}

/** What such a run works with. */
export interface NamedRun {
  git: Git;
  clock: Clock;
  /** Full names of refs that a person lets out of quarantine. @default - none */
  accepted?: ReadonlySet<string> | undefined;
  signal: AbortSignal;
  reporter: Reporter;
}

/**
 * Brings a mirror at a code host up to date. A repository that was renamed or transferred is followed, and the notes say its new name.
 *
 * @throws an Error whose sentence says which repository the hosts refuse, and why: absent, archived, another owner's
 */
export async function mirrorNamed(run: NamedRun, pair: NamedPair): Promise<NamedResult> {
  const { source, mirror, deployedBranches } = pair;
  const notes: string[] = [];
  const once = (at: { source: string; mirror: string }, mirrorName = mirror.fullName) =>
    mirrorRepository({
      ...run,
      source: {
        url: at.source,
        protectedBranches: async (signal) => {
          const found = await findRepository(source, signal);
          notes.push(...found.notes);
          return [...deployedBranches, ...found.protectedBranches];
        },
      },
      target: {
        url: at.mirror,
        withoutRules: (branches, push, signal) => withoutRules(mirror, branches, push, signal),
        setDefaultBranch: (branch, signal) => mirror.host.setDefaultBranch(mirrorName, branch, signal),
      },
    });
  try {
    const result = await once({ source: source.urlOf(source.fullName), mirror: mirror.urlOf(mirror.fullName) });
    return { ...result, notes: [...new Set(notes)] };
  } catch (error) {
    run.signal.throwIfAborted();
    // git says only that an address does not answer. The hosts say why.
    const [from, to] = await whereTheyAre(pair, run.signal, error);
    if (to.isArchived)
      throw new Error(
        `${to.fullName}, the mirror of ${source.fullName}, is archived, so ${mirror.host.name} takes no push to it. Unarchive it in its settings, and mirror again.`,
        { cause: error },
      );
    if (from.url === source.urlOf(source.fullName) && to.url === mirror.urlOf(mirror.fullName)) throw error;
    const result = await once({ source: from.url, mirror: to.url }, to.fullName);
    return { ...result, notes: [...new Set([...from.notes, ...to.notes, ...notes])] };
  }
}

/** Takes the protection of some branches away for a push, and gives it back to those that stay, also after a failure. */
async function withoutRules<T>(
  { host, fullName }: NamedRepository,
  { rewritten, deleted }: RewrittenBranches,
  push: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const rules = (await host.repository(fullName, signal))?.protectedBranches ?? [];
  const [again, gone] = [rewritten, deleted].map((branches) => branches.filter((branch) => rules.includes(branch)));
  try {
    for (const branch of [...(again ?? []), ...(gone ?? [])]) await host.unprotectBranch(fullName, branch, signal);
    return await push();
  } finally {
    // Without the signal: after Ctrl-C, too, no branch may stay without its rule.
    for (const branch of again ?? []) await host.protectBranch(fullName, branch);
  }
}

/** Both repositories, as their hosts have them. Throws the first error if a host does not answer. */
async function whereTheyAre(
  { source, mirror }: NamedPair,
  signal: AbortSignal,
  first: unknown,
): Promise<[FoundRepository, FoundRepository]> {
  try {
    return await Promise.all([findRepository(source, signal), findRepository(mirror, signal)]);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UserError) throw new Error(messageOf(error), { cause: first });
    throw first;
  }
}
