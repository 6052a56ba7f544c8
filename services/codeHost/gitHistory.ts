import type { PushedRef } from "./bareRepository.ts";

/** A commit of a branch. */
export interface HistoryCommit {
  id: string;
  /** The whole message. */
  message: string;
  isMerge: boolean;
}

/** The commits to take back, and who does it. */
export interface Revert {
  branch: string;
  /** In the order in which they are taken back: newest first. */
  commits: readonly HistoryCommit[];
  message: string;
  author: { name: string; email: string };
}

/** What a rollback asks of git. Calls throw GitError, or the signal's reason. */
export interface GitHistory {
  /** Copies a branch with its whole history, but without the files' contents where the server permits that, into an empty folder. Returns its head. */
  cloneHistory(url: string, branch: string, folder: string, signal: AbortSignal): Promise<string>;
  /** The commits of a branch's own line (first parents) that `to` has and `from` has not, newest first. */
  commitsSince(folder: string, from: string, to: string, signal: AbortSignal): Promise<HistoryCommit[]>;
  /** Whether a commit is part of another one's history; undefined if the copy lacks the newer one. */
  isAncestor(folder: string, older: string, newer: string, signal: AbortSignal): Promise<boolean | undefined>;
  /** The paths of a commit's files; undefined if the copy lacks the commit. */
  pathsAt(folder: string, commit: string, signal: AbortSignal): Promise<string[] | undefined>;
  /**
   * Copies a branch into an empty folder and commits there what takes commits back. Nothing is pushed.
   *
   * @returns the new commit; or the commit that conflicts with later ones; or neither, if nothing is left to take back
   */
  revert(
    url: string,
    folder: string,
    wanted: Revert,
    signal: AbortSignal,
  ): Promise<{ commit?: string; conflict?: HistoryCommit }>;
  /** Pushes a commit of a copy to a branch, without force. */
  pushCommit(folder: string, url: string, commit: string, branch: string, signal: AbortSignal): Promise<PushedRef>;
  /** The name and address with which the machine's user commits; undefined if git does not know one of them. */
  identity(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<{ name: string; email: string } | undefined>;
}
