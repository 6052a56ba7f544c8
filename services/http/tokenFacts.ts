import { ServiceError } from "./http.ts";

/** What a service says of the token that a request bears. No right of the token is used to ask, and none is tried. */
export interface TokenFacts {
  /** False if the service does not know the token, or knows it no more: it is wrong, revoked, disabled or expired. */
  readonly isValid: boolean;
  /** Its rights in the service's own words; undefined if the service does not show them. */
  readonly scopes: readonly string[] | undefined;
  /** From then on the service refuses it; undefined if the service does not show it. */
  readonly expiresAt: Date | "never" | undefined;
}

/** What can be asked about the own token. */
export interface TokenHolder {
  /** What the service says of the port's own token. Throws ServiceError or UnreachableError only if the service does not answer that. */
  inspectToken(signal?: AbortSignal): Promise<TokenFacts>;
}

/** A service accepts the token, and shows nothing of it. */
export const ACCEPTED: TokenFacts = { isValid: true, scopes: undefined, expiresAt: undefined };
/** A service refuses the token. */
export const REFUSED: TokenFacts = { isValid: false, scopes: undefined, expiresAt: undefined };

/**
 * The facts, or those that a refusal means.
 *
 * @param meaningOf undefined for an error that says nothing about the token; it is thrown then
 */
export async function tokenFacts(
  facts: Promise<TokenFacts>,
  meaningOf: (refusal: ServiceError) => TokenFacts | undefined | Promise<TokenFacts>,
): Promise<TokenFacts> {
  try {
    return await facts;
  } catch (error) {
    const meaning = error instanceof ServiceError ? await meaningOf(error) : undefined;
    if (meaning === undefined) throw error;
    return meaning;
  }
}
