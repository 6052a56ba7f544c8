import type { BareRepository } from "../../services/codeHost/bareRepository.ts";
import type { RemoteListing } from "../../services/codeHost/git.ts";
import { type MirrorRecord, parseRecord, type Quarantined, RECORD_FILE, recordText } from "./record.ts";
import { blobId, branchRef, KEPT, mirroredOf, RECORD, type Refs, sameRefs, SEEN, seenIn, seenText } from "./refs.ts";

/** What a mirror says of itself. */
export interface MirrorState {
  /** The source's refs at the last complete run; undefined before the first one. */
  seen: Refs | undefined;
  /** The last run that changed something. */
  record: MirrorRecord | undefined;
}

/** The object of a ref in a listing. */
function objectOf({ refs }: RemoteListing, name: string): string | undefined {
  return refs.find((ref) => ref.name === name)?.object;
}

/** The names that a mirror has given to lost tips. */
export function keptIn({ refs }: RemoteListing): Refs {
  return new Map(refs.filter(({ name }) => name.startsWith(KEPT)).map(({ name, object }) => [name, object]));
}

/** The refs of a mirror whose source shows these, and which holds back those. */
export function wantedOf(now: Refs, held: readonly Pick<Quarantined, "ref" | "old">[]): Refs {
  const wanted = new Map(now);
  for (const { ref, old } of held)
    if (old === null) wanted.delete(ref);
    else wanted.set(ref, old);
  return wanted;
}

/**
 * Whether a mirror is what it should be, by two listings only: the source shows what the last complete run has seen, and no other hand has
 * changed the mirror.
 *
 * @param held what the mirror holds back, by its record; empty where that was not read
 */
export function isCurrent(
  source: RemoteListing,
  mirror: RemoteListing,
  held: readonly Pick<Quarantined, "ref" | "old">[] = [],
): boolean {
  const now = mirroredOf(source.refs);
  const wanted = wantedOf(now, held);
  return (
    objectOf(mirror, SEEN) === blobId(seenText(now)) &&
    sameRefs(wanted, mirroredOf(mirror.refs)) &&
    (source.defaultBranch === mirror.defaultBranch || !wanted.has(branchRef(source.defaultBranch ?? "")))
  );
}

/** Reads what a mirror says of itself into an empty repository, from which {@link writeState} writes it. */
export async function readState(
  state: BareRepository,
  url: string,
  listing: RemoteListing,
  signal: AbortSignal,
): Promise<MirrorState> {
  await state.create(signal);
  const there = [SEEN, RECORD].filter((name) => objectOf(listing, name) !== undefined);
  // Only the newest record: its commit's parents stay in the mirror.
  if (there.length > 0)
    await state.fetch(
      url,
      there.map((name) => `+${name}:${name}`),
      signal,
      1,
    );
  const seen = there.includes(SEEN) ? await state.text(SEEN, signal) : undefined;
  const record = there.includes(RECORD) ? await state.text(`${RECORD}:${RECORD_FILE}`, signal) : undefined;
  return {
    seen: seen === undefined ? undefined : seenIn(seen),
    record: record === undefined ? undefined : parseRecord(record),
  };
}

/** Writes what a complete run has seen and done, after all that it says is in the mirror. Returns the names that the mirror refused. */
export async function writeState(
  state: BareRepository,
  url: string,
  listing: RemoteListing,
  { seen, record }: { seen: Refs; record: Omit<MirrorRecord, "format" | "formatVersion"> | undefined },
  signal: AbortSignal,
) {
  const pushes = [];
  if (record !== undefined) {
    const parent = objectOf(listing, RECORD);
    const files = { [RECORD_FILE]: recordText(record) };
    const commit = { files, parent, at: new Date(record.at), message: `Mirror run of ${record.at}` };
    pushes.push({ name: RECORD, object: await state.writeCommit(commit, signal), expected: parent });
  }
  const object = await state.writeText(seenText(seen), signal);
  const expected = objectOf(listing, SEEN);
  if (object !== expected) pushes.push({ name: SEEN, object, expected });
  return pushes.length === 0 ? [] : await state.push(url, pushes, signal);
}
