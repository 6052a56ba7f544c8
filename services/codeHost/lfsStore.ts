import type { Readable } from "node:stream";

import type { LfsObject } from "./gitObjects.ts";

/** Where a repository's files in Git LFS are. Up to 100 objects are asked for at once. */
export interface LfsStore {
  /** The repository's address or folder. */
  readonly place: string;
  /** What takes the checked content of each object that is not there, as a file, by the object's id. */
  takers(
    objects: readonly LfsObject[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, (file: string) => Promise<void>>>;
  /** What gives the content of each object that is there, by the object's id. */
  givers(objects: readonly LfsObject[], signal: AbortSignal): Promise<ReadonlyMap<string, () => Promise<Readable>>>;
}
