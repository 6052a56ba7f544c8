import { z } from "zod";

import { jsonClient, type JsonRequest } from "../http/jsonClient.ts";
import { accessOptions, type RemoteService, type ServiceAccess } from "../http/remoteService.ts";

/** Vercel, and where its token comes from. */
export const VERCEL = { name: "Vercel", tokenName: "VERCEL_API_TOKEN" } as const satisfies RemoteService;

/** Vercel's API, as published. */
const VERCEL_API = "https://api.vercel.com";

/** Where and as whom Vercel is spoken to. */
export interface VercelAccess extends ServiceAccess {
  /** Team, by id (`team_…`) or slug; none for a personal account. */
  readonly team?: string | undefined;
}

/** Sends one request for the team and gives its parsed answer. */
export type VercelApi = <T>(request: JsonRequest<T>) => Promise<T>;

/** A refusal. */
const errorAnswer = z.object({
  error: z.object({ code: z.string().optional(), message: z.string().optional() }),
});

/** Vercel's REST API (fields and paths: https://vercel.com/docs/rest-api). */
export function vercelApi(access: VercelAccess): VercelApi {
  const call = jsonClient({
    ...accessOptions(VERCEL, access),
    baseUrl: access.endpoint ?? VERCEL_API,
    describeError: (body) => errorAnswer.safeParse(body).data?.error ?? {},
  });
  const team = access.team ? { [access.team.startsWith("team_") ? "teamId" : "slug"]: access.team } : {};
  return (request) => call({ ...request, query: { ...team, ...request.query } });
}
