import { z } from "zod";

import { type JsonClient, jsonClient } from "../http/jsonClient.ts";
import type { RemoteService, ServiceAccess } from "../http/remoteService.ts";

/** Supabase, and the variable with its token. */
export const SUPABASE = { name: "Supabase", tokenName: "SUPABASE_ACCESS_TOKEN" } as const satisfies RemoteService;
/** Supabase's Management API, as published. */
export const SUPABASE_API = "https://api.supabase.com";
/** Address of a project's own API; `{ref}` stands for the project. */
const SUPABASE_PROJECT_URL = "https://{ref}.supabase.co";

const errorAnswer = z.object({ message: z.string().optional(), code: z.string().optional() });

/** Where Supabase is, and the token to call it with. */
export interface SupabaseAccess extends ServiceAccess {
  /** Address of a project's own API with `{ref}`; Supabase's own by default. */
  readonly projectUrlTemplate?: string | undefined;
}

/** The Management API (fields and paths: https://supabase.com/docs/reference/api). */
export function supabaseApi(access: ServiceAccess): JsonClient {
  return jsonClient({
    ...SUPABASE,
    ...access,
    baseUrl: access.endpoint ?? SUPABASE_API,
    describeError: (body) => errorAnswer.safeParse(body).data ?? {},
  });
}

/** Address of a project's own API, from a template with `{ref}`. @default - Supabase's own */
export function supabaseProjectUrl(template: string | undefined, ref: string): string {
  return (template ?? SUPABASE_PROJECT_URL).replaceAll("{ref}", ref);
}
