import type { Git } from "../../services/codeHost/git.ts";
import type { Clock } from "../../services/common/clock.ts";
import type { Reporter } from "../../services/common/reporter.ts";

/** The repository that is mirrored. */
export interface MirrorSource {
  url: string;
  /** The branches that rules of its host protect, and others whose history must not be rewritten unseen. */
  protectedBranches: (signal: AbortSignal) => Promise<readonly string[]>;
}

/** A mirror of it. */
export interface MirrorTarget {
  /** Address, or the absolute path of a bare repository on this machine. */
  url: string;
  setDefaultBranch: (branch: string, signal: AbortSignal) => Promise<void>;
  /** Runs pushes that rewrite or delete branches, although rules of the mirror's own protect them. @default - it has no rules */
  withoutRules?:
    (<T>(branches: RewrittenBranches, push: () => Promise<T>, signal: AbortSignal) => Promise<T>) | undefined;
  /** A bare repository on this machine that holds most of the source's objects, so that they are not fetched again. */
  lender?: string | undefined;
}

/** Branches of a mirror that change in a way that rules may refuse. */
export interface RewrittenBranches {
  rewritten: readonly string[];
  deleted: readonly string[];
}

/** What a run works with. */
export interface MirrorRun {
  git: Git;
  clock: Clock;
  source: MirrorSource;
  target: MirrorTarget;
  /** Full names of refs that a person lets out of quarantine. @default - none */
  accepted?: ReadonlySet<string> | undefined;
  signal: AbortSignal;
  reporter: Reporter;
}
