/** Source: https://github.com/supabase/supavisor, lib/supavisor/circuit_breaker.ex (`auth_error`). */
const [MOST_REFUSALS, REFUSALS_WITHIN_MS, BLOCKED_FOR_MS] = [10, 150_000, 120_000];

/** Supavisor's block of a project's clients at one address after refused logins, in both modes. All clients here have one address. */
export interface LoginBlock {
  /** Notes that a login was refused. */
  refused: () => void;
  /** Why no login is asked for now; undefined if the next one is. */
  reason: () => string | undefined;
}

/** A block that is open. `clock` gives milliseconds. */
export function loginBlock(clock: () => number): LoginBlock {
  let refusals: number[] = [];
  let blockedUntil = -Infinity;
  return {
    refused: () => {
      const now = clock();
      refusals = [...refusals.filter((at) => at > now - REFUSALS_WITHIN_MS), now];
      if (refusals.length >= MOST_REFUSALS) blockedUntil = now + BLOCKED_FOR_MS;
    },
    reason: () =>
      clock() < blockedUntil
        ? "(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked"
        : undefined,
  };
}
