import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import { ACCEPTED, REFUSED, tokenFacts } from "../http/tokenFacts.ts";
import type { DatabaseHost, DatabaseProject, ProjectState, SessionAddress } from "./databaseHost.ts";
import { SUPABASE, type SupabaseAccess, supabaseApi, supabaseProjectUrl } from "./supabaseApi.ts";
import { supabaseBackups } from "./supabaseBackups.ts";
import { keysAnswer, publicKeyIn, secretKeyIn } from "./supabaseKeys.ts";
import { logIn } from "./supabaseLogin.ts";
import { supabaseSetUp } from "./supabaseSetUp.ts";
import { supabaseSizes } from "./supabaseSizes.ts";

/** Supabase's word for a healthy project or service. */
const HEALTHY = "ACTIVE_HEALTHY";
/** Supabase's word for a deleted project, which it lists for a while. */
const REMOVED = "REMOVED";

/** Any other word means that the project is changing. */
const STATES: Readonly<Record<string, ProjectState>> = {
  [HEALTHY]: "healthy",
  RESTORING: "restoring",
  INACTIVE: "paused",
  PAUSING: "paused",
  PAUSE_FAILED: "pause failed",
  INIT_FAILED: "failed",
  RESTORE_FAILED: "failed",
  GOING_DOWN: "going down",
};

/** A project as the Management API shows it. */
const projectAnswer = z
  .object({
    id: z.string().min(1),
    ref: z.string().min(1).optional(),
    organization_id: z.string().optional(),
    organization_slug: z.string().optional(),
    name: z.string(),
    region: z.string(),
    created_at: z.string(),
    status: z.string(),
  })
  .transform((answer): DatabaseProject => ({
    ref: answer.ref ?? answer.id,
    name: answer.name,
    // Older answers have only the organization's id, which equals its slug.
    organization: answer.organization_slug ?? answer.organization_id ?? "",
    region: answer.region,
    createdAt: answer.created_at,
    state: STATES[answer.status] ?? "changing",
    status: answer.status,
  }));

/** Supabase's names of the services that a recovery needs. */
const NEEDED_SERVICES = ["db", "pooler", "auth", "rest"] as const;

/**
 * A project's Realtime service makes its table `realtime.messages`, on which the app has policies, when it is first asked for its health or
 * used (https://github.com/supabase/realtime, lib/realtime/tenants.ex, `health_check`). A recovery does not wait for that service.
 */
const WOKEN_SERVICE = "realtime";

const healthAnswer = z.array(
  z
    .object({ name: z.string(), status: z.string() })
    .transform(({ name, status }) => ({ name, isHealthy: status === HEALTHY, status })),
);
/** The transaction pooler's port. It is never used, because dumps, restores and `SET` need a session. */
const TRANSACTION_POOLER_PORT = 6543;
/** The session pooler's port on Supabase, beside the transaction pooler on the same host. */
const SESSION_POOLER_PORT = 5432;

const onePooler = z.object({
  database_type: z.string().optional(),
  pool_mode: z.string().optional(),
  db_user: z.string(),
  db_host: z.string(),
  db_port: z.number().int(),
  db_name: z.string(),
});
/** A project's poolers. Supabase sometimes answers with one object instead of a list. */
const poolersAnswer = z.union([z.array(onePooler), onePooler.transform((one) => [one])]);
const settingsAnswer = z.record(z.string(), z.unknown());

/** Databases on Supabase, by its Management API. */
export function supabaseDatabases(access: SupabaseAccess): DatabaseHost {
  const call = supabaseApi(access);
  const projectPath = (ref: string): string => `/v1/projects/${segment(ref)}`;
  const keysOf = (ref: string, signal?: AbortSignal) => {
    const path = `${projectPath(ref)}/api-keys`;
    return call({ method: "GET", path, query: { reveal: "true" }, answer: keysAnswer, signal });
  };
  const noKey = (ref: string, kinds: string): never => {
    throw new Error(`Supabase lists neither ${kinds} for project ${ref}: create one under Settings, API keys.`);
  };
  return {
    ...SUPABASE,
    statusPage: "status.supabase.com",

    // Only the dashboard shows a token's rights and expiry. A scoped token that may not list projects is refused with 403.
    // Source: https://supabase.com/docs/guides/platform/access-tokens.
    inspectToken: (signal) =>
      tokenFacts(
        call({ method: "GET", path: "/v1/projects", answer: z.unknown(), signal }).then(() => ACCEPTED),
        ({ status }) => ({ 401: REFUSED, 403: ACCEPTED })[status],
      ),
    ...supabaseBackups(call),
    ...supabaseSizes(call),
    ...supabaseSetUp(call),
    projects: async (signal) => {
      const all = await call({ method: "GET", path: "/v1/projects", answer: z.array(projectAnswer), signal });
      return all.filter(({ status }) => status !== REMOVED);
    },
    project: async (ref, signal) => {
      const path = projectPath(ref);
      const found = await unlessNotFound(call({ method: "GET", path, answer: projectAnswer, signal }));
      return found?.status === REMOVED ? undefined : found;
    },
    createProject: ({ name, organization, region, password }, signal) =>
      call({
        method: "POST",
        path: "/v1/projects",
        answer: projectAnswer,
        signal,
        body: {
          name,
          organization_slug: organization,
          db_pass: password,
          region_selection: { type: "specific", code: region },
        },
      }),
    deleteProject: async (ref, signal) => {
      await unlessNotFound(call({ method: "DELETE", path: projectPath(ref), answer: z.unknown(), signal }));
    },
    pauseProject: async (ref, signal) => {
      await call({ method: "POST", path: `${projectPath(ref)}/pause`, answer: z.unknown(), repeatable: true, signal });
    },
    health: async (ref, signal) => {
      const query = { services: [...NEEDED_SERVICES, WOKEN_SERVICE] };
      const all = await call({
        method: "GET",
        path: `${projectPath(ref)}/health`,
        query,
        answer: healthAnswer,
        signal,
      });
      return all.filter(({ name }) => name !== WOKEN_SERVICE);
    },
    sessionAddress: async (ref, signal) => {
      const path = `${projectPath(ref)}/config/database/pooler`;
      return sessionAddressIn(await call({ method: "GET", path, answer: poolersAnswer, signal }), ref);
    },
    apiUrl: (ref) => supabaseProjectUrl(access.projectUrlTemplate, ref),
    publicKey: async (ref, signal) =>
      publicKeyIn(await keysOf(ref, signal)) ?? noKey(ref, "a publishable key nor an anon key"),
    secretKey: async (ref, signal) =>
      secretKeyIn(await keysOf(ref, signal)) ?? noKey(ref, "a secret key nor a service_role key"),
    logIn: async (ref, user, signal) => {
      const key = publicKeyIn(await keysOf(ref, signal)) ?? noKey(ref, "a publishable key nor an anon key");
      return await logIn(
        { ...access, endpoint: supabaseProjectUrl(access.projectUrlTemplate, ref), token: key },
        user,
        signal,
      );
    },
    authSettings: (ref, signal) =>
      call({ method: "GET", path: `${projectPath(ref)}/config/auth`, answer: settingsAnswer, signal }),
  };
}

/**
 * The session pooler. Supabase lists only the transaction pooler (port 6543), and serves sessions on 5432 of the same host. If a session
 * pooler is listed, its own port applies.
 */
function sessionAddressIn(poolers: z.infer<typeof poolersAnswer>, ref: string): SessionAddress {
  const primaries = poolers.filter((one) => one.database_type === undefined || one.database_type === "PRIMARY");
  const chosen = primaries.find((one) => one.pool_mode === "session") ?? primaries[0];
  if (!chosen) throw new Error(`Supabase lists no pooler for the primary database of project ${ref}.`);
  const port = chosen.db_port === TRANSACTION_POOLER_PORT ? SESSION_POOLER_PORT : chosen.db_port;
  return { host: chosen.db_host, port, user: chosen.db_user, database: chosen.db_name };
}
