import { join } from "node:path";

import type { Git } from "../../services/codeHost/git.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { isCurrent, readState, wantedOf } from "./mirrorState.ts";
import type { Quarantined } from "./record.ts";
import { mirroredOf } from "./refs.ts";

/** How a mirror compares with its source in this moment. */
export interface MirrorStatus {
  /** Whether it has all that the source shows, and holds back nothing. */
  isCurrent: boolean;
  /** Full names of the refs in which it differs from what it should be, apart from those that it holds back. */
  behind: string[];
  quarantined: Quarantined[];
  /** Time of the last run that changed something, ISO 8601; undefined if there was none. */
  changedAt: string | undefined;
}

/** Compares a mirror with its source, and reads what it holds back. Changes nothing. */
export async function mirrorStatus(
  git: Git,
  { source, mirror }: { source: string; mirror: string },
  signal: AbortSignal,
): Promise<MirrorStatus> {
  const [shown, there] = await Promise.all([git.listing(source, signal), git.listing(mirror, signal)]);
  const { record } = await withTemporaryFolder("mirror-status", (folder) =>
    readState(git.bare(join(folder, "state.git")), mirror, there, signal),
  );
  const quarantined = record?.quarantined ?? [];
  const [wanted, found] = [wantedOf(mirroredOf(shown.refs), quarantined), mirroredOf(there.refs)];
  const names = new Set([...wanted.keys(), ...found.keys()]);
  const behind = [...names].filter((name) => wanted.get(name) !== found.get(name)).sort();
  return {
    isCurrent: quarantined.length === 0 && isCurrent(shown, there),
    behind,
    quarantined,
    changedAt: record?.at,
  };
}
