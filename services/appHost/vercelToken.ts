import { z } from "zod";

import type { ServiceError } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import { ACCEPTED, REFUSED, type TokenFacts, tokenFacts, type TokenHolder } from "../http/tokenFacts.ts";

const tokenAnswer = z.object({
  token: z.object({
    expiresAt: z.number().nullish(),
    scopes: z.array(z.object({ type: z.string(), teamId: z.string().optional() })).optional(),
  }),
});

/** A token is its user's, and the question takes no team. */
const OF_NO_TEAM = { teamId: undefined, slug: undefined };

const isRefusal = ({ status }: ServiceError) => status === 401 || status === 403;

/**
 * What Vercel says of a token; its scopes are accounts, a user's own or teams. Vercel answers 403 to a wrong token and to one that may not ask
 * this. The latter may list projects. Source: https://vercel.com/docs/rest-api/authentication/get-auth-token-metadata (`current` is the
 * request's own token) and https://vercel.com/docs/rest-api/errors.
 */
export function vercelToken(call: JsonClient): TokenHolder {
  return {
    inspectToken: (signal) => {
      const request = { method: "GET", path: "/v5/user/tokens/current", query: OF_NO_TEAM } as const;
      const told = call({ ...request, answer: tokenAnswer, signal }).then(factsOf);
      const listing = () =>
        call({ method: "GET", path: "/v10/projects", query: { limit: "1" }, answer: z.unknown(), signal }).then(
          () => ACCEPTED,
        );
      return tokenFacts(told, (refusal) =>
        isRefusal(refusal) ? tokenFacts(listing(), (again) => (isRefusal(again) ? REFUSED : undefined)) : undefined,
      );
    },
  };
}

function factsOf({ token: { expiresAt, scopes } }: z.infer<typeof tokenAnswer>): TokenFacts {
  return {
    isValid: true,
    scopes: scopes?.map(({ type, teamId }) => (teamId === undefined ? type : `${type} ${teamId}`)),
    expiresAt: typeof expiresAt === "number" ? new Date(expiresAt) : "never",
  };
}
