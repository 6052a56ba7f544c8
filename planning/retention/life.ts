import type { TierLifecycle } from "./tierLifecycle.ts";
import { DAY_MS, NEVER, nextMidnight } from "./time.ts";
import type { DeclaredVault, StorageClass } from "./vault.ts";

/** A backup as it comes to lie in a vault. Instants are milliseconds since 1970. */
export interface Arrival {
  /** Start of its run: the instant that the calendar counts. */
  readonly takenAt: number;
  /** When S3 says that it was created. A replica keeps its original's date. */
  readonly createdAt: number;
  /** When it is here. */
  readonly arrivedAt: number;
  /** Class that it arrives in. */
  readonly storageClass: StorageClass;
  readonly bytes: number;
  /** Nobody deletes it before. */
  readonly lockedUntil: number;
  /** The newest backup is held, until the next one is proven. */
  readonly heldUntil: number;
}

/** A stay in one storage class. */
export interface Stay {
  readonly storageClass: StorageClass;
  readonly from: number;
  readonly to: number;
}

/** All that happens to one backup in one vault. Instants that never come are {@link NEVER}. */
export interface Life extends Arrival {
  /** Index of its tier. */
  readonly tier: number;
  /** Lifecycle puts a delete marker over it; from then on it is only found by looking at versions. */
  readonly hiddenAt: number;
  /** Its bytes go for good. */
  readonly removedAt: number;
  /** The delete marker that was left of it goes. */
  readonly markerRemovedAt: number;
  /** Where its bytes lie, from its arrival until they go. */
  readonly stays: readonly Stay[];
}

/**
 * What a vault's lifecycle does to a backup. S3 acts at midnight UTC: an action's time is the creation's plus the rule's days,
 * rounded up to it. What is locked or held isn't removed; what is still on its way isn't touched.
 */
export function lifeOf(arrival: Arrival, tier: number, lifecycle: TierLifecycle, vault: DeclaredVault): Life {
  const { createdAt, bytes } = arrival;
  const due = (days: number | undefined, since = createdAt) =>
    days === undefined ? NEVER : nextMidnight(Math.max(since + days * DAY_MS, arrival.arrivedAt));

  const hiddenAt = due(lifecycle.expire?.days);
  const removedAt = removal();
  const markerRemovedAt = vault.versioned
    ? Math.max(removedAt + DAY_MS, due(lifecycle.loneMarker?.days, hiddenAt))
    : removedAt;
  return { ...arrival, tier, hiddenAt, removedAt, markerRemovedAt, stays: stays() };

  function removal(): number {
    // Without versioning an expiration is the end.
    if (!vault.versioned) return hiddenAt;
    const noncurrentDue = due(lifecycle.noncurrent?.days, hiddenAt);
    if (!vault.objectLock) return noncurrentDue;
    return Math.max(noncurrentDue, nextMidnight(arrival.lockedUntil), nextMidnight(arrival.heldUntil));
  }

  function stays(): Stay[] {
    const moves = lifecycle.transitions
      .filter(({ largerThan }) => bytes > largerThan)
      .map(({ days, storageClass }) => ({ at: due(days), storageClass }))
      // A version under a delete marker isn't current any more, and these are rules for current versions.
      .filter(({ at }) => at <= hiddenAt && at < removedAt);
    const steps = [{ at: arrival.arrivedAt, storageClass: arrival.storageClass }, ...moves];
    return steps
      .map(({ at, storageClass }, index) => ({ storageClass, from: at, to: steps[index + 1]?.at ?? removedAt }))
      .filter(({ from, to }) => to > from);
  }
}
