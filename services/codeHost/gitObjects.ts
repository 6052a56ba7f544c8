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
