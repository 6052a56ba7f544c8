import type { GitRef } from "../../services/codeHost/gitObjects.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf, PromiseError } from "../../services/common/errors.ts";
import { metricLine } from "../../services/scheduler/embeddedMetric.ts";
import type { MirrorBuilds } from "../../services/scheduler/mirrorBuilds.ts";
import { decidePoll, type PolledRepository } from "./pollDecision.ts";
import { blobId, mirroredOf, SEEN, seenText } from "./refs.ts";

/** A repository and the addresses of its mirrors, as git clones them. */
export interface PolledAddresses {
  /** `owner/name`. */
  readonly repository: string;
  readonly source: string;
  readonly mirrors: readonly string[];
}

/** What a poll works with. */
export interface PollParts {
  /** Dimension of the metrics. */
  readonly stack: string;
  readonly repositories: readonly PolledAddresses[];
  /** Milliseconds between two polls. */
  readonly intervalMs: number;
  /** The refs that a repository shows. */
  readonly refsOf: (url: string, signal: AbortSignal) => Promise<readonly GitRef[]>;
  readonly builds: MirrorBuilds;
  readonly clock: Clock;
  /** Takes one line of the log. */
  readonly log: (line: string) => void;
}

/**
 * One poll: reads what each source and its mirrors show, starts a mirror build if one is due, and logs a metric a repository: `MirrorLagSeconds`, or
 * `MirrorUnreadable` for one that could not be read. The others are mirrored all the same.
 *
 * @throws PromiseError that names each repository that could not be read, so that the poll counts as failed
 */
export async function pollMirrors(parts: PollParts, signal: AbortSignal): Promise<void> {
  const { stack, repositories, intervalMs, builds, clock, log } = parts;
  const read = await Promise.all(repositories.map((one) => readOne(one, parts, signal)));
  const polled = read.flatMap((one) => ("fault" in one ? [] : [one]));
  const faults = read.flatMap((one) => ("fault" in one ? [one] : []));
  const decision = decidePoll(polled, await builds.newest(signal), clock(), intervalMs);
  for (const [repository, value] of decision.lagSeconds)
    log(metric(clock(), stack, repository, { name: "MirrorLagSeconds", unit: "Seconds", value }));
  for (const { repository } of faults)
    log(metric(clock(), stack, repository, { name: "MirrorUnreadable", unit: "Count", value: 1 }));
  if (decision.job !== undefined) {
    const names = Object.keys(decision.job).join(", ");
    const started = await builds.start(decision.job, signal);
    log(started ? `A mirror build has been started for ${names}` : `A mirror build runs already: ${names} can wait`);
  }
  if (faults.length > 0)
    throw new PromiseError(faults.map(({ repository, fault }) => `${repository}: ${fault}`).join(" "));
}

function metric(time: Date, stack: string, repository: string, one: Parameters<typeof metricLine>[2][number]): string {
  return metricLine(time, { Stack: stack, Repository: repository }, [one]);
}

async function readOne(
  { repository, source, mirrors }: PolledAddresses,
  { refsOf }: PollParts,
  signal: AbortSignal,
): Promise<PolledRepository | { repository: string; fault: string }> {
  try {
    const [own = [], ...others] = await Promise.all([source, ...mirrors].map((url) => refsOf(url, signal)));
    const seen = others.map((refs) => refs.find(({ name }) => name === SEEN)?.object);
    return { repository, listed: blobId(seenText(mirroredOf(own))), seen };
  } catch (error) {
    signal.throwIfAborted();
    return { repository, fault: messageOf(error) };
  }
}
