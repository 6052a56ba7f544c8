import { z } from "zod";

import { jsonClient } from "../http/jsonClient.ts";
import type { ServiceAccess } from "../http/remoteService.ts";
import { SUPABASE } from "./supabaseApi.ts";

const text = z.string().optional();
/** The auth service has had several forms of an error (https://supabase.com/docs/guides/auth/debugging/error-codes). */
const errorAnswer = z.object({ msg: text, message: text, error_description: text, error_code: text });
const sessionAnswer = z.object({ access_token: z.string() });

/**
 * Logs a user in by a project's auth service, as the app's own client does (https://supabase.com/docs/guides/auth/passwords). `project` has the
 * project's address, and its public key in place of a token.
 */
export async function logIn(
  project: ServiceAccess & { endpoint: string; token: string },
  user: { email: string; password: string },
  signal?: AbortSignal,
): Promise<string> {
  const call = jsonClient({
    ...SUPABASE,
    ...project,
    baseUrl: project.endpoint,
    describeError: (body) => {
      const { msg, message, error_description: description, error_code: code } = errorAnswer.safeParse(body).data ?? {};
      return { message: msg ?? message ?? description, code };
    },
  });
  const request = { path: "/auth/v1/token", query: { grant_type: "password" }, headers: { apikey: project.token } };
  const session = await call({ method: "POST", ...request, body: user, answer: sessionAnswer, signal });
  return session.access_token;
}
