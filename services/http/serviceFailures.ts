import { UserError } from "../common/errors.ts";
import { ServiceError, UnreachableError } from "./http.ts";

/** From this sum of weights in a row on, the fault is the service's and not that of single requests. */
const MOST = 20;
/** Weight of a service that did not answer. Each such request was tried several times already, for up to minutes. */
const UNREACHABLE = 4;

/** How much a failure says about the service: nothing if it refuses this one request, everything if the set-up is wrong. */
function weightOf(error: unknown): number {
  if (error instanceof UserError) return MOST;
  if (error instanceof UnreachableError) return UNREACHABLE;
  if (error instanceof ServiceError && error.status >= 400 && error.status < 500)
    return OF_THE_SERVICE.has(error.status) ? 1 : 0;
  return 1;
}

/** Refusals of the caller or of the rate, not of the single request. */
const OF_THE_SERVICE: ReadonlySet<number> = new Set([401, 403, 407, 429]);

/**
 * Decides whether a list of requests continues after failures. One object that the service refuses must not stop the others, but a service
 * that is down must not be asked for each of a hundred thousand objects.
 */
export class ServiceFailures {
  #weight = 0;

  /** Notes a success. */
  succeeded(): void {
    this.#weight = 0;
  }

  /** Notes a failure. True if the next request should be sent. */
  failed(error: unknown): boolean {
    this.#weight += weightOf(error);
    return this.#weight < MOST;
  }
}
