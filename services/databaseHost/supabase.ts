import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import { jsonClient } from "../http/jsonClient.ts";
import { type SupabaseBackups, supabaseBackups } from "./supabaseBackups.ts";
import { keysAnswer, publicKeyIn } from "./supabaseKeys.ts";

/** Supabase's Management API, as published. */
export const SUPABASE_API = "https://api.supabase.com";
/** Where a project's own API lies; `{ref}` stands for the project. */
const SUPABASE_PROJECT_URL = "https://{ref}.supabase.co";
/** The transaction pooler's port. Dumps, restores and `SET` need a session: this port is never used. */
const TRANSACTION_POOLER_PORT = 6543;
/** The session pooler's port on Supabase, beside the transaction pooler on the same host. */
const SESSION_POOLER_PORT = 5432;

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
  .transform((answer) => ({
    ref: answer.ref ?? answer.id,
    name: answer.name,
    /** The organization's slug; older answers give its id alone, which Supabase makes equal. */
    organization: answer.organization_slug ?? answer.organization_id ?? "",
    region: answer.region,
    createdAt: answer.created_at,
    status: answer.status,
  }));

/** A Supabase project as the Management API shows it. */
export type SupabaseProjectInfo = z.infer<typeof projectAnswer>;

const healthAnswer = z.array(z.object({ name: z.string(), healthy: z.boolean().optional(), status: z.string() }));
const onePooler = z.object({
  database_type: z.string().optional(),
  pool_mode: z.string().optional(),
  db_user: z.string(),
  db_host: z.string(),
  db_port: z.number().int(),
  db_name: z.string(),
});
/** Supabase answers a list, and one object at times: both are in use. */
const poolerAnswer = z.union([z.array(onePooler), onePooler.transform((one) => [one])]);

/** Where sessions of a project's database are opened. */
export interface SessionPooler {
  host: string;
  port: number;
  user: string;
  database: string;
}

/** State of one of a project's services; `ACTIVE_HEALTHY` is the good one. */
export interface ServiceHealth {
  name: string;
  status: string;
}

/** What the product asks of Supabase's Management API. Every call throws ServiceError or UnreachableError (services/http/http.ts). */
export interface Supabase extends SupabaseBackups {
  /** All projects that the token may see. */
  projects(signal?: AbortSignal): Promise<SupabaseProjectInfo[]>;
  /** One project, or nothing when Supabase says that it does not exist. */
  project(ref: string, signal?: AbortSignal): Promise<SupabaseProjectInfo | undefined>;
  createProject(
    wanted: { name: string; organization: string; region: string; password: string },
    signal?: AbortSignal,
  ): Promise<SupabaseProjectInfo>;
  /** Deletes the project, its database and its platform backups, for good. A project that is gone already is fine. */
  deleteProject(ref: string, signal?: AbortSignal): Promise<void>;
  /** Stops the project; its data stay. */
  pauseProject(ref: string, signal?: AbortSignal): Promise<void>;
  health(ref: string, services: readonly string[], signal?: AbortSignal): Promise<ServiceHealth[]>;
  sessionPooler(ref: string, signal?: AbortSignal): Promise<SessionPooler>;
  /** The public API key: a publishable one, or the older anon. */
  anonKey(ref: string, signal?: AbortSignal): Promise<string>;
  /** Settings of the auth service: to be encrypted or reduced to names before they are stored. In place of a secret a hash. */
  authSettings(ref: string, signal?: AbortSignal): Promise<Record<string, unknown>>;
}

/** Where and as whom Supabase is spoken to. */
export interface SupabaseOptions {
  token: string;
  /** Address of the Management API; Supabase's own by default. */
  endpoint?: string | undefined;
  timeoutMs?: number;
  retryDelayMs?: number;
}

/** A client of Supabase's Management API (fields and paths: https://supabase.com/docs/reference/api). */
export function supabaseClient(options: SupabaseOptions): Supabase {
  const call = jsonClient({
    service: "Supabase",
    baseUrl: options.endpoint ?? SUPABASE_API,
    token: options.token,
    tokenName: "SUPABASE_ACCESS_TOKEN",
    describeError: (body) => errorAnswer.safeParse(body).data ?? {},
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.retryDelayMs === undefined ? {} : { retryDelayMs: options.retryDelayMs }),
  });
  const projectPath = (ref: string): string => `/v1/projects/${segment(ref)}`;
  return {
    ...supabaseBackups(call),
    projects: (signal) => call({ method: "GET", path: "/v1/projects", answer: z.array(projectAnswer), signal }),
    project: (ref, signal) =>
      unlessNotFound(call({ method: "GET", path: projectPath(ref), answer: projectAnswer, signal })),
    createProject: (wanted, signal) =>
      call({
        method: "POST",
        path: "/v1/projects",
        body: {
          name: wanted.name,
          organization_slug: wanted.organization,
          db_pass: wanted.password,
          region_selection: { type: "specific", code: wanted.region },
        },
        answer: projectAnswer,
        signal,
      }),
    deleteProject: async (ref, signal) => {
      await unlessNotFound(call({ method: "DELETE", path: projectPath(ref), answer: z.unknown(), signal }));
    },
    pauseProject: async (ref, signal) => {
      await call({ method: "POST", path: `${projectPath(ref)}/pause`, answer: z.unknown(), repeatable: true, signal });
    },
    health: (ref, services, signal) =>
      call({ method: "GET", path: `${projectPath(ref)}/health`, query: { services }, answer: healthAnswer, signal }),
    sessionPooler: async (ref, signal) => {
      const path = `${projectPath(ref)}/config/database/pooler`;
      return sessionPoolerOf(await call({ method: "GET", path, answer: poolerAnswer, signal }), ref);
    },
    anonKey: async (ref, signal) => {
      const path = `${projectPath(ref)}/api-keys`;
      const keys = await call({ method: "GET", path, query: { reveal: "true" }, answer: keysAnswer, signal });
      const key = publicKeyIn(keys);
      if (key === undefined)
        throw new Error(
          `Supabase lists neither a publishable key nor an anon key for project ${ref}: create one under Settings, API keys.`,
        );
      return key;
    },
    authSettings: (ref, signal) =>
      call({
        method: "GET",
        path: `${projectPath(ref)}/config/auth`,
        answer: z.record(z.string(), z.unknown()),
        signal,
      }),
  };
}

const errorAnswer = z.object({ message: z.string().optional(), code: z.string().optional() });

/**
 * The session pooler out of the poolers that are listed. Supabase lists the transaction pooler alone (port 6543) and
 * serves sessions on 5432 of the same host; a service that lists a session pooler names its port itself.
 */
function sessionPoolerOf(poolers: z.infer<typeof poolerAnswer>, ref: string): SessionPooler {
  const primaries = poolers.filter((one) => one.database_type === undefined || one.database_type === "PRIMARY");
  const session = primaries.find((one) => one.pool_mode === "session");
  const chosen = session ?? primaries[0];
  if (!chosen) throw new Error(`Supabase lists no pooler for the primary database of project ${ref}.`);
  const port = chosen.db_port === TRANSACTION_POOLER_PORT ? SESSION_POOLER_PORT : chosen.db_port;
  return { host: chosen.db_host, port, user: chosen.db_user, database: chosen.db_name };
}

/** Address of a project's own API, from a template with `{ref}`. */
export function projectUrl(template: string | undefined, ref: string): string {
  return (template ?? SUPABASE_PROJECT_URL).replaceAll("{ref}", ref);
}
