import { z } from "zod";

import { segment, unlessNotFound } from "../http/http.ts";
import type { ServiceAccess } from "../http/remoteService.ts";
import type { DatabaseHost } from "./databaseHost.ts";
import { SUPABASE, supabaseApi, supabaseProjectUrl } from "./supabaseApi.ts";
import { supabaseBackups } from "./supabaseBackups.ts";
import { keysAnswer, publicKeyIn } from "./supabaseKeys.ts";
import { poolersAnswer, sessionAddressIn } from "./supabasePoolers.ts";
import { HEALTHY, projectAnswer, REMOVED, unlessRemoved } from "./supabaseProjects.ts";

/** Supabase's names of the services that a recovery needs. */
const NEEDED_SERVICES = ["db", "pooler", "auth", "rest"] as const;

const healthAnswer = z.array(
  z
    .object({ name: z.string(), status: z.string() })
    .transform(({ name, status }) => ({ name, isHealthy: status === HEALTHY, status })),
);
const settingsAnswer = z.record(z.string(), z.unknown());

/** Where and as whom Supabase is spoken to. */
export interface SupabaseAccess extends ServiceAccess {
  /** Address of a project's own API with `{ref}`; Supabase's own by default. */
  readonly projectUrlTemplate?: string | undefined;
}

/** Databases on Supabase, by its Management API. */
export function supabaseDatabases(access: SupabaseAccess): DatabaseHost {
  const call = supabaseApi(access);
  const projectPath = (ref: string): string => `/v1/projects/${segment(ref)}`;
  return {
    ...SUPABASE,
    statusPage: "status.supabase.com",
    ...supabaseBackups(call),
    projects: async (signal) => {
      const all = await call({ method: "GET", path: "/v1/projects", answer: z.array(projectAnswer), signal });
      return all.filter(({ status }) => status !== REMOVED);
    },
    project: async (ref, signal) =>
      unlessRemoved(
        await unlessNotFound(call({ method: "GET", path: projectPath(ref), answer: projectAnswer, signal })),
      ),
    createProject: ({ name, organization, region, password }, signal) =>
      call({
        method: "POST",
        path: "/v1/projects",
        body: {
          ...{ name, organization_slug: organization, db_pass: password },
          region_selection: { type: "specific", code: region },
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
    health: (ref, signal) => {
      const query = { services: NEEDED_SERVICES };
      return call({ method: "GET", path: `${projectPath(ref)}/health`, query, answer: healthAnswer, signal });
    },
    sessionAddress: async (ref, signal) => {
      const path = `${projectPath(ref)}/config/database/pooler`;
      return sessionAddressIn(await call({ method: "GET", path, answer: poolersAnswer, signal }), ref);
    },
    apiUrl: (ref) => supabaseProjectUrl(access.projectUrlTemplate, ref),
    publicKey: async (ref, signal) => {
      const path = `${projectPath(ref)}/api-keys`;
      const keys = await call({ method: "GET", path, query: { reveal: "true" }, answer: keysAnswer, signal });
      const key = publicKeyIn(keys);
      if (key !== undefined) return key;
      throw new Error(
        `Supabase lists neither a publishable key nor an anon key for project ${ref}: create one under Settings, API keys.`,
      );
    },
    authSettings: (ref, signal) =>
      call({ method: "GET", path: `${projectPath(ref)}/config/auth`, answer: settingsAnswer, signal }),
  };
}
