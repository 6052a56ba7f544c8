import type { ThrowawayWish } from "../../../../../recovery/postgres/session/throwawayPostgres.ts";
import { silent } from "../../../../../services/common/reporter.ts";

/** A wish for a throwaway of version 17 that no backup is restored into. */
export function wishFor(more: Partial<ThrowawayWish> = {}): ThrowawayWish {
  const signal = new AbortController().signal;
  return { serverMajor: 17, systemIdentifier: undefined, forbidden: [], reporter: silent, signal, ...more };
}
