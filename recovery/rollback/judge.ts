import type { Sample } from "./probes.ts";

/** What the probes say of a deployment. */
export interface Judgement {
  verdict: "healthy" | "unhealthy" | "inconclusive";
  /** Why, one sentence for each finding. None for a healthy one. */
  reasons: string[];
}

/** A share of bad answers that is taken as chance. A request of a visitor fails now and then without a fault of the release. */
const CHANCE = 0.05;
/** Bad answers beyond chance that make a deployment unhealthy. A single one says too little. */
const MORE_THAN_CHANCE = 2;
/** Answers that a verdict of the app as a whole needs. */
const FEWEST_ANSWERS = 10;
/** Good answers on each side that a comparison of latencies needs. */
const FEWEST_COMPARED = 5;
/** A deployment is slow if its median is both times as long and that much longer, in milliseconds. */
const SLOW_FACTOR = 2;
const SLOW_MS = 500;

/**
 * Judges a deployment by what was asked of it, and by what was asked of the one before. Pure.
 *
 * - unhealthy: of one probe, clearly more bad answers than chance gives, and not clearly fewer than before;
 * - inconclusive: too few answers, a bad answer too many, better than before but not good, or much slower than before;
 * - healthy: everything else.
 *
 * No answer is no verdict: the host's own edge answers for an app that hangs (504), so silence comes from the network in between.
 */
export function judge(after: readonly Sample[], before: readonly Sample[] = []): Judgement {
  const [bad, unclear]: [string[], string[]] = [[], []];
  const answered = after.filter(({ outcome }) => outcome !== "no answer");
  if (answered.length < FEWEST_ANSWERS || answered.length * 2 < after.length) {
    const { reason } = after.find(({ outcome }) => outcome === "no answer") ?? {};
    unclear.push(`Only ${answered.length} of ${after.length} questions were answered${reason ? `: ${reason}` : ""}.`);
  }
  for (const probe of new Set(after.map((one) => one.probe))) {
    const finding = findingOf(tally(after, probe), tally(before, probe));
    if (finding !== undefined) (finding.isBad ? bad : unclear).push(`${probe}: ${finding.says}`);
  }
  if (bad.length > 0) return { verdict: "unhealthy", reasons: [...bad, ...unclear] };
  return { verdict: unclear.length > 0 ? "inconclusive" : "healthy", reasons: unclear };
}

/** The answers to one probe. */
interface Tally {
  answers: number;
  bad: number;
  reason: string | undefined;
  /** Of good answers, in milliseconds. */
  latencies: number[];
}

function tally(samples: readonly Sample[], probe: string): Tally {
  const all = samples.filter((one) => one.probe === probe && one.outcome !== "no answer");
  const bad = all.filter(({ outcome }) => outcome === "bad");
  const good = all.filter(({ outcome }) => outcome === "good");
  return {
    answers: all.length,
    bad: bad.length,
    reason: bad[0]?.reason,
    latencies: good.map(({ latencyMs }) => latencyMs).sort((one, other) => one - other),
  };
}

function findingOf(after: Tally, before: Tally): { isBad: boolean; says: string } | undefined {
  const allowed = Math.floor(after.answers * CHANCE);
  if (after.bad > allowed) {
    const says = `${after.bad} of ${after.answers} answers are bad (${after.reason ?? "no reason"})`;
    const [now, then] = [after.bad / after.answers, before.answers === 0 ? 0 : before.bad / before.answers];
    if (after.bad < Math.min(allowed + MORE_THAN_CHANCE, after.answers)) return { isBad: false, says: `${says}.` };
    return now * 2 <= then
      ? { isBad: false, says: `${says}; before, ${percent(then)} were.` }
      : { isBad: true, says: `${says}.` };
  }
  if (Math.min(after.latencies.length, before.latencies.length) < FEWEST_COMPARED) return undefined;
  const [now, then] = [median(after.latencies), median(before.latencies)];
  return now > then * SLOW_FACTOR && now > then + SLOW_MS
    ? { isBad: false, says: `a good answer takes ${now} ms; before, it took ${then} ms.` }
    : undefined;
}

function median(sorted: readonly number[]): number {
  return Math.round(sorted[Math.floor((sorted.length - 1) / 2)] ?? 0);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
