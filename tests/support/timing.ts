import { type Patience, realTiming, type Timing } from "../../services/common/timing.ts";

/** Every wait as much shorter as the factor says (0.1: a tenth), and some of them otherwise. */
export function scaledTiming(factor: number, other: Partial<Timing> = {}): Timing {
  const scale = (waits: object): object =>
    Object.fromEntries(
      Object.entries(waits).map(([name, wait]: [string, number | Patience]) => [
        name,
        typeof wait === "number" ? Math.ceil(wait * factor) : scale(wait),
      ]),
    );
  return { ...(scale(realTiming) as Timing), ...other };
}

/** How much shorter the waits of {@link yielding} are than the real ones; the tests' own waits are scaled by it as well. */
export const FACTOR = 0.2;

const scaled = scaledTiming(FACTOR);

/**
 * For tests of a run that yields to others. What only bounds a fault, such as a slow connection, stays real, so that a busy machine
 * fails no test.
 */
export const yielding: Timing = {
  ...realTiming,
  waiterPatienceMs: scaled.waiterPatienceMs,
  lookEveryMs: scaled.lookEveryMs,
  readerLockMs: scaled.readerLockMs,
  readerPauseMs: scaled.readerPauseMs,
  attemptPauseMs: scaled.attemptPauseMs,
};

/**
 * For tests in which nothing but the pauses between two tries or looks would take time: those are a tenth. All limits stay real, so
 * that a busy machine fails no test.
 */
export const brisk: Timing = {
  ...realTiming,
  ...Object.fromEntries(Object.entries(scaledTiming(0.1)).filter(([name]) => /(Pause|[a-z]Every)Ms$/.test(name))),
  probeEveryMs: realTiming.probeEveryMs,
};

/** What a session may wait in sum: what the run allows, and 1.5 s for missed looks and for letting go. 5 s by the real timing. */
export function mostWaitMs({ waiterPatienceMs }: Timing): number {
  return waiterPatienceMs + 1_500;
}
