/** A replacement in one file. */
export interface FaultEdit {
  /** Path from the project's root. */
  file: string;
  /** Occurs exactly once in the file. */
  find: string;
  replace: string;
}

/** A fault that this project once had, as an edit of today's code that puts it back, and the suite that fails with it. */
export interface KnownFault extends FaultEdit {
  /** What the fault does to a user. */
  name: string;
  /** Further edits. */
  also?: FaultEdit[];
  /** Path of the suite. */
  suite: string;
  /** Runs only the tests whose names match, as Jest's option -t does. @default - all tests of the suite */
  test?: string;
}

/** All edits of a fault. */
export function editsOf({ file, find, replace, also = [] }: KnownFault): FaultEdit[] {
  return [{ file, find, replace }, ...also];
}

/** The file's text with an edit made. Throws if `find` does not occur exactly once. */
export function applied(text: string, { file, find, replace }: FaultEdit): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file} has ${text.split(find).length - 1} times, instead of once: ${find}`);
  return before + replace + after;
}
