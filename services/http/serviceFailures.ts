import { UserError } from "../common/errors.ts";
import { ServiceError, UnreachableError } from "./http.ts";

/** From this weight on, in a row, it is the service that fails, and not what it was asked for. */
const MOST = 20;
/** Each was tried several times already, for up to minutes. */
const UNREACHABLE = 4;

/** How much a failure says of the service itself: nothing where it refuses this one thing, all where the set-up is wrong. */
function weightOf(error: unknown): number {
  if (error instanceof UserError) return MOST;
  if (error instanceof UnreachableError) return UNREACHABLE;
  if (error instanceof ServiceError && error.status >= 400 && error.status < 500)
    return OF_THE_SERVICE.has(error.status) ? 1 : 0;
  return 1;
}

/** Statuses that speak of who asks, or of how often, and not of what was asked for. */
const OF_THE_SERVICE: ReadonlySet<number> = new Set([401, 403, 407, 429]);

/**
 * Decides whether more is asked of a service that has failed: a single object that it can't give or take must not cost those after it, and
 * a service that is down must not be asked for each of a hundred thousand.
 */
export class ServiceFailures {
  #weight = 0;

  /** Notes that the service has done what it was asked for. */
  succeeded(): void {
    this.#weight = 0;
  }

  /** Notes a failure. True where the service is to be asked for the next thing. */
  failed(error: unknown): boolean {
    this.#weight += weightOf(error);
    return this.#weight < MOST;
  }
}
