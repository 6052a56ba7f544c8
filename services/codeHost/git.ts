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

/** One ref of a repository. */
export interface GitRef {
  /** Full name, "refs/heads/main". */
  name: string;
  /** Object that it points at: the commit, or the tag object of an annotated tag. */
  object: string;
}

/** A file in Git LFS, as its pointer in git names it. */
export interface LfsObject {
  /** SHA-256 of the content, hexadecimal. */
  oid: string;
  /** Bytes. */
  size: number;
  /** Where one of its pointers is in the repository. */
  path: string;
}

/** What the product asks of git. Every call throws GitError, or the signal's reason. */
export interface Git {
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
  /** Copies everything of a repository into an empty folder, as a bare mirror. */
  mirror(url: string, folder: string, signal: AbortSignal): Promise<void>;
  /** The refs of a local repository. */
  localRefs(folder: string, signal: AbortSignal): Promise<GitRef[]>;
  /** The files in Git LFS that branches, tags and notes of a local repository point to, in all of their history, each once. */
  lfsObjects(folder: string, signal: AbortSignal): Promise<LfsObject[]>;
  /** Copies files in Git LFS that the second remote lacks from the first. Returns their number. GitError that names what the first one lacks. */
  copyLfsObjects(objects: readonly LfsObject[], from: string, to: string, signal: AbortSignal): Promise<number>;
  /** Pushes refspecs to a remote, and reports for each whether the remote accepted it. */
  push(folder: string, url: string, refspecs: readonly string[], signal: AbortSignal): Promise<PushedRef[]>;
}

/** The remote's answer to one pushed ref. */
export interface PushedRef {
  name: string;
  /** False if the remote refused it; `reason` then has its words. */
  taken: boolean;
  reason: string;
}

/** Scheme and host of an address, for {@link GitCredential}. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}
