import type { MirrorBuild, MirrorJob, MirrorTask } from "../../services/scheduler/mirrorBuilds.ts";

/** What a poll has read of one repository. */
export interface PolledRepository {
  readonly repository: string;
  /** Blob id of what the source lists now. */
  readonly listed: string;
  /** Of each mirror, the listing that its last complete run has seen; undefined if there was none. */
  readonly seen: readonly (string | undefined)[];
}

/** What follows from a poll. */
export interface PollDecision {
  /** The build to start. Undefined if there is nothing to do, or if a build runs. */
  readonly job: MirrorJob | undefined;
  /** Seconds by which each repository's mirrors are behind, as an upper bound; 0 means current. */
  readonly lagSeconds: ReadonlyMap<string, number>;
}

const DAY_MS = 86_400_000;
/** The longest wait between two builds for a listing that no mirror takes. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Decides what a poll starts. A repository is due if a mirror has not seen what the source shows, or if no build was asked for it for a
 * day: a run also proves large files and settings, which refs do not show. One build at a time. What failed is asked for again at the next poll,
 * and then at waits that double up to an hour. CodeBuild's own record of the last builds is the only memory.
 *
 * @param builds the last builds, newest first
 * @param intervalMs between two polls
 */
export function decidePoll(
  polled: readonly PolledRepository[],
  builds: readonly MirrorBuild[],
  now: Date,
  intervalMs: number,
): PollDecision {
  const states = polled.map((one) => stateOf(one, builds, now, intervalMs));
  const runs = builds.some(({ endedAt }) => endedAt === undefined);
  const due = runs ? [] : states.filter((state) => state.due);
  return {
    job: due.length === 0 ? undefined : Object.fromEntries(due.map(({ repository, task }) => [repository, task])),
    lagSeconds: new Map(states.map(({ repository, lagSeconds }) => [repository, lagSeconds])),
  };
}

function stateOf(
  { repository, listed, seen }: PolledRepository,
  builds: readonly MirrorBuild[],
  now: Date,
  intervalMs: number,
) {
  const last = builds.find(({ job }) => job === undefined || Object.hasOwn(job, repository));
  const before = last?.job?.[repository];
  const isBehind = seen.some((one) => one !== listed);
  const had = seen.map((one) => one ?? "-").join(" ");
  const again = before?.wanted === listed ? before.attempts : 0;
  const since = isBehind ? behindSince(last, before?.had === had ? before : undefined, now, intervalMs) : now;
  const waitMs = again === 0 ? 0 : Math.min(intervalMs * 2 ** (again - 1), LONGEST_WAIT_MS);
  const rested = last?.endedAt === undefined || now.getTime() - last.endedAt.getTime() >= waitMs - intervalMs;
  const isStale = last === undefined || now.getTime() - last.startedAt.getTime() >= DAY_MS;
  return {
    repository,
    due: (isBehind && rested) || isStale,
    lagSeconds: Math.round((now.getTime() - since.getTime()) / 1000),
    task: { wanted: listed, had, since: since.toISOString(), attempts: isBehind ? again + 1 : 1 } satisfies MirrorTask,
  };
}

/**
 * A mirror that has not moved since it was asked for is behind since that task. Otherwise the source has moved since the last build began; and if
 * a poll has passed since that build ended, since that poll at the earliest, because it found nothing to do.
 */
function behindSince(
  last: MirrorBuild | undefined,
  unmoved: MirrorTask | undefined,
  now: Date,
  intervalMs: number,
): Date {
  const lastPoll = new Date(now.getTime() - intervalMs);
  if (unmoved !== undefined) return new Date(unmoved.since);
  if (last === undefined) return lastPoll;
  const wasPolled = last.endedAt !== undefined && last.endedAt <= lastPoll;
  return wasPolled ? lastPoll : last.startedAt;
}
