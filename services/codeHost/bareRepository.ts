import type { GitRef, LfsObject } from "./gitObjects.ts";

/** One ref of a remote as a push shall leave it. */
export interface Push {
  /** Full name at the remote. */
  name: string;
  /** Its new object; undefined deletes the ref. */
  object: string | undefined;
  /** The object that the remote has there now; undefined if the ref does not exist. The remote refuses the ref if it has another. */
  expected: string | undefined;
}

/** The remote's answer to one pushed ref. */
export interface PushedRef {
  name: string;
  /** False if the remote refused it; `reason` then has its words. */
  taken: boolean;
  reason: string;
}

/** A commit with the files of its only folder. */
export interface RecordCommit {
  files: Readonly<Record<string, string>>;
  parent: string | undefined;
  /** Author's and committer's time. */
  at: Date;
  message: string;
}

/** A bare repository on this machine. Every call throws GitError, or the signal's reason. */
export interface BareRepository {
  readonly folder: string;
  /** Creates it, empty, unless it exists. Objects of `lender`, another repository on this machine, count as its own. */
  create(signal: AbortSignal, lender?: string): Promise<void>;
  /** Fetches refs of a remote as refspecs say, with all of their history or, with `depth`, their newest commits. */
  fetch(url: string, refspecs: readonly string[], signal: AbortSignal, depth?: number): Promise<void>;
  /** The refs below a prefix, such as "refs/heads/". */
  refs(prefix: string, signal: AbortSignal): Promise<GitRef[]>;
  /** Those of some objects that it holds. */
  holds(objects: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Whether a commit is in another one's history. False if it holds one of them not. */
  isAncestor(older: string, newer: string, signal: AbortSignal): Promise<boolean>;
  /** The text of a blob, or of a file as "commit:path"; undefined if there is none. */
  text(object: string, signal: AbortSignal): Promise<string | undefined>;
  /** Stores a text as a blob. Returns its id. */
  writeText(text: string, signal: AbortSignal): Promise<string>;
  /** Stores a commit. Returns its id. */
  writeCommit(commit: RecordCommit, signal: AbortSignal): Promise<string>;
  /** Sets refs to objects that it holds; all or none. */
  setRefs(refs: readonly GitRef[], signal: AbortSignal): Promise<void>;
  /**
   * Writes its branches, tags and notes, with the history that some of its objects do not have, into a bundle
   * (https://git-scm.com/docs/git-bundle). False, without a file, if that would be nothing.
   */
  bundle(file: string, without: readonly string[], signal: AbortSignal): Promise<boolean>;
  /** Checks every object and that none is missing. */
  fsck(signal: AbortSignal): Promise<void>;
  /** Sets a ref, or deletes it. */
  setRef(name: string, object: string | undefined, signal: AbortSignal): Promise<void>;
  /** Makes a branch the default one. It need not exist. */
  setHead(branch: string, signal: AbortSignal): Promise<void>;
  /** Pushes objects to refs of a remote, and reports for each whether the remote accepted it. */
  push(url: string, pushes: readonly Push[], signal: AbortSignal): Promise<PushedRef[]>;
  /** The files in Git LFS that objects point to, in all of their history that `known` objects do not have, each once. */
  lfsObjects(objects: readonly string[], known: readonly string[], signal: AbortSignal): Promise<LfsObject[]>;
}
