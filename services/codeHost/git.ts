/** git answered with an error. The message is one sentence that ends with git's own words. */
export class GitError extends Error {
  override readonly name = "GitError";
}

/** The server does not accept the token, or wants one. */
export class RefusedTokenError extends GitError {}

/** A credential for one server: git sends it to addresses that begin with `origin`, and to no other. */
export interface GitCredential {
  /** Scheme and host with port, "https://github.com". */
  origin: string;
  token: string;
  /** Name that the server wants beside the token. */
  username: string;
  /** Environment variable that the token comes from, which a refusal names. */
  tokenName: string;
}

/** One ref of a repository. */
export interface GitRef {
  /** Full name, "refs/heads/main". */
  name: string;
  /** Object that it points at: the commit, or the tag object of an annotated tag. */
  object: string;
}

/** What the product asks of git. Every call throws GitError, or the signal's reason. */
export interface Git {
  /** The refs of a remote repository that match the patterns (all of them without any). */
  remoteRefs(url: string, patterns: readonly string[], signal: AbortSignal): Promise<GitRef[]>;
  /** The newest commit of a branch, or the commit of a tag, by the remote; nothing when it has none of that name. */
  newestCommit(url: string, branch: string, signal: AbortSignal): Promise<string | undefined>;
  /** Copies a branch's or tag's newest commit, without history, into an empty folder; gives the commit. */
  checkout(url: string, branch: string, folder: string, signal: AbortSignal): Promise<string>;
  /** Copies everything of a repository into an empty folder, as a bare mirror. */
  mirror(url: string, folder: string, signal: AbortSignal): Promise<void>;
  /** The refs of a local repository. */
  localRefs(folder: string, signal: AbortSignal): Promise<GitRef[]>;
  /** Pushes refspecs to a remote; reports for each whether the remote took it. */
  push(folder: string, url: string, refspecs: readonly string[], signal: AbortSignal): Promise<PushedRef[]>;
  /** Writes the named refs with all their history into one file, and checks it. */
  bundle(folder: string, file: string, refs: readonly string[], signal: AbortSignal): Promise<void>;
}

/** What a remote said to one pushed ref. */
export interface PushedRef {
  name: string;
  /** False when the remote refused it; `reason` is then in its words. */
  taken: boolean;
  reason: string;
}

/** Scheme and host of an address, for {@link GitCredential}. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}
