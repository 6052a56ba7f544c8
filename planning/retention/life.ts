import type { TierLifecycle } from "./tierLifecycle.ts";
import { DAY_MS, NEVER, nextMidnight } from "./time.ts";
import type { DeclaredVault, StorageClass } from "./vault.ts";

/** The arrival of a backup in a vault. Instants are milliseconds since 1970. */
export interface Arrival {
  /** Start of its run, the instant that the calendar counts. */
  readonly takenAt: number;
  /** S3's creation date. A replica keeps its original's date. */
  readonly createdAt: number;
  /** When the vault has it. */
  readonly arrivedAt: number;
  /** Storage class in which it arrives. */
  readonly storageClass: StorageClass;
  readonly bytes: number;
  /** Mean bytes of the large objects that it is stored as. A rule sees objects, never a backup. */
  readonly objectBytes: number;
  /** The end of its lock, before which no version can be deleted. */
  readonly lockedUntil: number;
  /** The end of its legal hold: the newest backup is held until the next one is proven. */
  readonly heldUntil: number;
}

/** Any time after midnight: what follows from a delete marker is rounded up to a midnight. */
const MARKER_DELAY_MS = 1;

/** A stay in one storage class. */
export interface Stay {
  readonly storageClass: StorageClass;
  readonly from: number;
  readonly to: number;
}

/** Everything that happens to one backup in one vault. Instants that never come are {@link NEVER}. */
export interface Life extends Arrival {
  /** Index of its tier. */
  readonly tier: number;
  /** Lifecycle adds a delete marker. From then on only a listing of versions shows the backup. */
  readonly hiddenAt: number;
  /** Lifecycle removes its bytes. */
  readonly removedAt: number;
  /** Lifecycle removes its delete marker. */
  readonly markerRemovedAt: number;
  /** The classes that hold its bytes, from its arrival until they are removed. */
  readonly stays: readonly Stay[];
}

/**
 * Simulates a vault's lifecycle for one backup. S3 acts at midnight UTC: it adds the rule's days to the creation date and rounds up. A
 * locked or held version isn't removed, and a backup that hasn't arrived isn't touched.
 *
 * Noncurrent days count from the instant of the delete marker and are rounded up in the same way. S3 makes markers after midnight, not at
 * it, so a version that is noncurrent for one day stays for two midnights. Sources:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html and, for an example of the rounding,
 * https://repost.aws/questions/QUvjf44qlYSMmQLyRUtTrevg
 */
export function lifeOf(arrival: Arrival, tier: number, lifecycle: TierLifecycle, vault: DeclaredVault): Life {
  const { createdAt, objectBytes } = arrival;
  const due = (days: number | undefined, since = createdAt) =>
    days === undefined ? NEVER : nextMidnight(Math.max(since + days * DAY_MS, arrival.arrivedAt));

  const hiddenAt = due(lifecycle.expire?.days);
  const removedAt = removal();
  const markerRemovedAt = vault.versioned
    ? Math.max(removedAt + DAY_MS, due(lifecycle.loneMarker?.days, hiddenAt + MARKER_DELAY_MS))
    : removedAt;
  return { ...arrival, tier, hiddenAt, removedAt, markerRemovedAt, stays: stays() };

  function removal(): number {
    // Without versioning an expiration removes the object for good.
    if (!vault.versioned) return hiddenAt;
    const noncurrentDue = due(lifecycle.noncurrent?.days, hiddenAt + MARKER_DELAY_MS);
    if (!vault.objectLock) return noncurrentDue;
    return Math.max(noncurrentDue, nextMidnight(arrival.lockedUntil), nextMidnight(arrival.heldUntil));
  }

  function stays(): Stay[] {
    const moves = lifecycle.transitions
      .filter(({ largerThan }) => objectBytes > largerThan)
      .map(({ days, storageClass }) => ({ at: due(days), storageClass }))
      // A version under a delete marker is no longer current, and these rules apply to current versions.
      .filter(({ at }) => at <= hiddenAt && at < removedAt);
    const steps = [{ at: arrival.arrivedAt, storageClass: arrival.storageClass }, ...moves];
    return steps
      .map(({ at, storageClass }, index) => ({ storageClass, from: at, to: steps[index + 1]?.at ?? removedAt }))
      .filter(({ from, to }) => to > from);
  }
}
