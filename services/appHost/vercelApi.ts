import { z } from "zod";

import { type JsonClient, jsonClient } from "../http/jsonClient.ts";
import type { RemoteService, ServiceAccess } from "../http/remoteService.ts";

/** Vercel, and the variable with its token. */
export const VERCEL = { name: "Vercel", tokenName: "VERCEL_API_TOKEN" } as const satisfies RemoteService;

/** Vercel's API, as published. */
const VERCEL_API = "https://api.vercel.com";

/** Where Vercel is, and with which token and for which team it is called. */
export interface VercelAccess extends ServiceAccess {
  /** Team, by id (`team_…`) or slug; none for a personal account. */
  readonly team?: string | undefined;
}

const errorAnswer = z.object({ error: z.object({ code: z.string().optional(), message: z.string().optional() }) });

/** Vercel's REST API for the team (fields and paths: https://vercel.com/docs/rest-api). */
export function vercelApi(access: VercelAccess): JsonClient {
  const call = jsonClient({
    ...VERCEL,
    ...access,
    baseUrl: access.endpoint ?? VERCEL_API,
    describeError: (body) => errorAnswer.safeParse(body).data?.error ?? {},
  });
  const team = access.team ? { [access.team.startsWith("team_") ? "teamId" : "slug"]: access.team } : {};
  return (request) => call({ ...request, query: { ...team, ...request.query } });
}
