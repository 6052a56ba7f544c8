import type { Life } from "../retention/life.ts";
import type { VaultHistory } from "../retention/simulation.ts";
import { lifecycleOf } from "../retention/tierLifecycle.ts";
import { dateOf, DAY_MS, dayOf, NEVER, nextMidnight } from "../retention/time.ts";
import type { RunnerTier } from "../retention/vault.ts";
import { expiringRule, type ProofSpan } from "./coverage.ts";
import { after, daysText, longestDays, type RetentionPromise } from "./promises.ts";
import type { ViolationList } from "./violation.ts";

/** Days that a backup may outstay its tier: S3 rounds up to midnight twice, and removes hidden versions a day later (life.ts). */
const TOLERANCE_DAYS = 3;

/**
 * Adds a violation if a backup of the promised tier is hidden before the promised age, or before the days that its own tier says (an
 * override is a promise of the stack's). Backups are followed to their end, also beyond the days that the simulation spans.
 */
export function proveNoneGoesEarly(
  promise: RetentionPromise,
  history: VaultHistory,
  context: { tiers: readonly RunnerTier[] },
  violations: ViolationList,
): void {
  const index = context.tiers.findIndex(({ name }) => name === promise.tier);
  const tier = context.tiers[index];
  if (tier === undefined) return;
  const needed = Math.max(longestDays(promise.keep), tier.keptDays);
  for (const life of history.lives) {
    if (life.tier !== index) continue;
    const isAsPromised = life.hiddenAt >= after(life.takenAt, promise.keep);
    if (isAsPromised && life.hiddenAt >= life.createdAt + tier.keptDays * DAY_MS) continue;
    const rule = expiringRule(tier.prefix, life, history);
    const [taken, hidden] = [life.takenAt, life.hiddenAt].map((instant) => dateOf(dayOf(instant)));
    violations.add({
      day: dayOf(life.hiddenAt),
      stack: history.vault.stack,
      tier: promise.tier,
      rule: rule.id,
      kind: "early",
      what: `the ${promise.tier} backup of ${taken} expires on ${hidden}, before it is as old as ${isAsPromised ? `its tier says (${daysText(tier.keptDays)})` : `"${promise.words}" says`}`,
      change: `let rule "${rule.id}" keep ${daysText(needed)} instead of ${daysText(rule.days)}`,
    });
    // Lives are in the order of their runs, so this is the first.
    return;
  }
}

/** Adds a violation if anything stays longer than its tier says, beyond the tolerance. The newest backup is held and may stay. */
export function proveNoneStaysLong(
  history: VaultHistory,
  context: { tiers: readonly RunnerTier[]; span: ProofSpan },
  violations: ViolationList,
): void {
  const end = (context.span.firstDay + context.span.days) * DAY_MS;
  // Lives are in the order of their runs, so a tier's first is enough.
  const blamed = new Set<number>();
  for (const life of history.lives) {
    const tier = context.tiers[life.tier];
    if (tier === undefined || blamed.has(life.tier)) continue;
    const said = (tier.keptDays + TOLERANCE_DAYS) * DAY_MS;
    const limit = Math.max(life.createdAt + said, heldLimit(life), life.arrivedAt + TOLERANCE_DAYS * DAY_MS);
    if (life.removedAt > limit && limit < end) {
      blamed.add(life.tier);
      blameStay(life, tier, limit, history, violations);
    } else if (life.markerRemovedAt > life.removedAt + TOLERANCE_DAYS * DAY_MS && markerLimit(life) < end) {
      blamed.add(life.tier);
      violations.add({
        day: dayOf(markerLimit(life)),
        stack: history.vault.stack,
        tier: tier.name,
        rule: "none",
        kind: "marker",
        what: `the delete marker that the ${tier.name} backup of ${dateOf(dayOf(life.takenAt))} leaves behind stays`,
        change: "let a rule for all objects expire lone delete markers (expiredObjectDeleteMarker)",
      });
    }
  }
}

/** Adds a violation if unfinished uploads stay longer than the tolerance. */
export function proveUploadsGo(
  history: VaultHistory,
  context: { tiers: readonly RunnerTier[]; span: ProofSpan },
  violations: ViolationList,
): void {
  for (const tier of context.tiers) {
    const { abortUpload } = lifecycleOf(tier.prefix, 0, history.vault.rules);
    if (abortUpload !== undefined && abortUpload.days <= TOLERANCE_DAYS) continue;
    const stays = abortUpload === undefined ? "for ever" : `for ${daysText(abortUpload.days)}`;
    violations.add({
      day: context.span.firstDay + TOLERANCE_DAYS + 1,
      stack: history.vault.stack,
      tier: tier.name,
      rule: abortUpload?.rule ?? "none",
      kind: "upload",
      what: `an upload to ${tier.prefix} that is interrupted on the first day stays ${stays}`,
      change: "let a rule abort unfinished uploads after 1 day (abortIncompleteMultipartUpload)",
    });
  }
}

function heldLimit({ heldUntil }: Life): number {
  return heldUntil === NEVER ? NEVER : nextMidnight(heldUntil) + TOLERANCE_DAYS * DAY_MS;
}

function markerLimit({ removedAt }: Life): number {
  return removedAt + TOLERANCE_DAYS * DAY_MS;
}

function blameStay(
  life: Life,
  tier: RunnerTier,
  limit: number,
  history: VaultHistory,
  violations: ViolationList,
): void {
  const { expire, noncurrent } = lifecycleOf(tier.prefix, life.objectBytes, history.vault.rules);
  const kept = daysText(tier.keptDays);
  const stays = life.removedAt === NEVER ? "is never removed" : `is only removed on ${dateOf(dayOf(life.removedAt))}`;
  const what = `the ${tier.name} backup of ${dateOf(dayOf(life.takenAt))} ${stays}, but its tier says ${kept}`;
  const place = { day: dayOf(limit), stack: history.vault.stack, tier: tier.name };
  const [rule, change] = cause();
  violations.add({ ...place, rule, kind: "overstay", what, change });

  function cause(): [rule: string, change: string] {
    if (expire === undefined) return ["none", `add a rule that expires ${tier.prefix} after ${kept}`];
    const own = `let rule "${expire.rule}"`;
    if (expire.days > tier.keptDays)
      return [expire.rule, `${own} expire after ${kept} instead of ${daysText(expire.days)}`];
    const hides = "an expiration only hides them";
    if (noncurrent === undefined)
      return [expire.rule, `${own} remove noncurrent versions after 1 day (noncurrentVersionExpiration): ${hides}`];
    if (nextMidnight(life.lockedUntil) === life.removedAt)
      return ["the lock", `lock the tier ${tier.name} for at most ${kept}`];
    const days = daysText(noncurrent.days);
    return [noncurrent.rule, `let rule "${noncurrent.rule}" remove noncurrent versions after 1 day instead of ${days}`];
  }
}
