import type { BareRepository } from "./bareRepository.ts";
import type { GitHistory } from "./gitHistory.ts";
import type { GitRef, LfsObject } from "./gitObjects.ts";

/** git failed. The message contains git's own words. */
export class GitError extends Error {
  override readonly name = "GitError";
}

/** The server refuses the token, or asks for one. */
export class RefusedTokenError extends GitError {}

/** A credential for one server: git sends it to addresses that begin with `origin`, and to no other. */
export interface GitCredential {
  /** Scheme and host with port, "https://github.com". */
  origin: string;
  /** The only owner whose repositories get it; one of an owner precedes one of all. @default - all that no other credential is for */
  owner?: string | undefined;
  /** Undefined if its variable is not set. Public repositories need none. */
  token: string | undefined;
  /** Name that the server wants beside the token. */
  username: string;
  /** Environment variable that the token comes from, for messages. */
  tokenName: string;
}

/** What the product asks of git. Every call throws GitError, or the signal's reason. */
export interface Git extends GitHistory {
  /** The refs of a remote repository that match the patterns (all of them without any). */
  remoteRefs(url: string, patterns: readonly string[], signal: AbortSignal): Promise<GitRef[]>;
  /** The newest commit of a remote's branch, or the commit of its tag; undefined if it has neither. */
  newestCommit(url: string, branch: string, signal: AbortSignal): Promise<string | undefined>;
  /** Copies the newest commit of a branch or tag, without history, into an empty folder. Returns the commit. */
  checkout(url: string, branch: string, folder: string, signal: AbortSignal): Promise<string>;
  /**
   * Files of a working copy that the rules in one of its files ignore (https://git-scm.com/docs/gitignore); none without that file. As Vercel's
   * client reads them, a rule matches in upper and lower case, and `./` before it is dropped, with which git matches nothing
   * (https://github.com/vercel/vercel, packages/client/src/utils/index.ts; `ignorecase` in https://github.com/kaelzhang/node-ignore).
   */
  ignoredBy(folder: string, rules: string, signal: AbortSignal): Promise<string[]>;
  /** Folders of a working copy that stand for other repositories. The copy does not hold their files. */
  submodules(folder: string, signal: AbortSignal): Promise<string[]>;
  /** A remote's refs, and its default branch. */
  listing(url: string, signal: AbortSignal): Promise<RemoteListing>;
  /**
   * Copies files in Git LFS that the second repository lacks from the first. Either is a remote, or a bare repository by its absolute path. Returns
   * their number. GitError that names what the first one lacks.
   */
  copyLfsObjects(objects: readonly LfsObject[], from: string, to: string, signal: AbortSignal): Promise<number>;
  /** A bare repository in a folder of this machine, which need not exist yet. */
  bare(folder: string): BareRepository;
}

/** What a remote shows of itself. */
export interface RemoteListing {
  refs: GitRef[];
  /** Name of the default branch, without refs/heads/; undefined if that branch does not exist. */
  defaultBranch: string | undefined;
}

/** Scheme and host of an address, for {@link GitCredential}. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}

/** The credential for an address. Owners have no case at the code host. */
export function credentialFor(
  url: string | undefined,
  credentials: readonly GitCredential[],
): GitCredential | undefined {
  const origin = originOf(url ?? "");
  const path = origin === "" ? "" : new URL(url ?? "").pathname.toLowerCase();
  const fitting = credentials.filter((one) => origin !== "" && one.origin === origin);
  return (
    fitting.find(({ owner }) => owner !== undefined && path.startsWith(`/${owner.toLowerCase()}/`)) ??
    fitting.find(({ owner }) => owner === undefined)
  );
}
