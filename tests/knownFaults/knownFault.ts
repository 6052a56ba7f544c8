/** A replacement in one file. */
export interface FaultEdit {
  /** Path from the project's root. */
  file: string;
  /** Occurs exactly once in the file. */
  find: string;
  replace: string;
}

/** A fault that this project once had, and the suite that fails if it comes back. */
export interface KnownFault {
  /** What the fault does to a user. */
  name: string;
  /** Puts the fault back. */
  edits: FaultEdit[];
  /** Path of the suite that fails. */
  suite: string;
  /** Runs only the suite's tests whose names match, as Jest's option -t does. @default - all tests of the suite */
  test?: string;
}

/** The file's text with an edit made. Throws if `find` does not occur exactly once. */
export function applied(text: string, { file, find, replace }: FaultEdit): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${file} has ${text.split(find).length - 1} times, instead of once: ${find}`);
  return before + replace + after;
}
