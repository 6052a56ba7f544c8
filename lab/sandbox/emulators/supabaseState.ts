import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";

import { sign } from "hono/jwt";
import type pg from "pg";

import type { EmulatorDependencies, PoolerAddress } from "../host/services.ts";
import { withClient } from "../postgres/client.ts";
import { ApiError } from "./http.ts";
import { openStore } from "./store.ts";

/** The dependencies of Supabase's emulator. */
export type SupabaseDeps = Pick<EmulatorDependencies, "paths" | "credentials" | "postgres" | "clock">;

/** What differs between Supabase's plans, and what its platform does without being asked. */
export interface SupabasePlatform {
  /**
   * Of every organization. Not every plan may pause a project: the dashboard asks for an entitlement
   * (https://github.com/supabase/supabase/pull/44172). The status and the words of the refusal are not documented.
   */
  plan: "free" | "pro";
  /**
   * Whether a function is returned in other bytes than it was deployed in. The CLI compresses a bundle before the upload, and the platform
   * answers with one that it has decoded (https://github.com/supabase/cli, pkg/function).
   */
  encodesFunctions: boolean;
  /**
   * A project's disk, in bytes; 8 GB at the smallest size of compute. A database that outgrows it is read-only
   * (https://supabase.com/docs/guides/platform/database-size#read-only-mode).
   */
  diskBytes: number;
  /** When the access token ends; no answer shows it. Never, if undefined. */
  tokenExpiresAt?: Date;
}

/** The platform of the sandbox, on which a drill can run. */
export const SANDBOX_PLATFORM: SupabasePlatform = { plan: "pro", encodesFunctions: true, diskBytes: 8e9 };

/** A project. Its database is a real server; everything else is here. */
export interface SupabaseProject {
  ref: string;
  name: string;
  organization: string;
  region: string;
  status: "COMING_UP" | "ACTIVE_HEALTHY" | "PAUSING" | "INACTIVE" | "RESTORING" | "INIT_FAILED" | "RESTORE_FAILED";
  createdAt: string;
  /** Signs the keys and sessions. A new project has a new secret, so sessions of a lost project end. */
  jwtSecret: string;
  /** The database's address, at its pooler. It stays when the server is lost, as Supabase's address would. */
  address?: PoolerAddress;
  /** Kept until the server has it. */
  firstPassword?: string;
  authSettings: Record<string, unknown>;
  /** Size of its compute, and of its disk in GB, if they were changed. */
  compute?: string;
  diskGb?: number;
  /** Whether it has outgrown its disk. */
  readOnly?: boolean;
  /** Size limit of storage objects, in bytes; a new project's limit if it was never changed. */
  fileSizeLimit?: number;
  /** Edge functions. */
  functions?: FunctionState[];
  /** The platform's own backups, oldest first; see supabaseBackups.ts. */
  backups?: PlatformBackup[];
  /** Whether its plan has point-in-time recovery. */
  pointInTime?: boolean;
  /** The source of a restore while it runs. */
  restoresFrom?: { backup: number; until?: string };
}

/** One of the platform's daily backups: a physical copy of the server. */
export interface PlatformBackup {
  id: number;
  takenAt: string;
}

/** An edge function: its data in the Management API, and its code. */
export interface FunctionState {
  id: string;
  slug: string;
  name: string;
  version: number;
  status: string;
  verify_jwt: boolean;
  import_map: boolean;
  entrypoint_path: string | null;
  import_map_path: string | null;
  created_at: number;
  updated_at: number;
  /** In base64. */
  body: string;
}

/** Supabase's state, and the functions that its routes share. */
export function openSupabaseWorld(deps: SupabaseDeps, platform: SupabasePlatform) {
  const { state, save } = openStore(join(deps.paths.emulators, "supabase.json"), { projects: [] as SupabaseProject[] });
  return {
    deps,
    platform,
    state,
    save,
    /** Queries a project's own database as superuser, on a new connection. Throws when there is no server or it refuses. */
    query: async <R extends pg.QueryResultRow>(ref: string, sql: string, values: string[] = []): Promise<R[]> => {
      const connection = deps.postgres.connection(ref);
      if (connection === undefined) throw new Error("the database server is not running");
      const limit = { connectionTimeoutMillis: 5000 };
      return (await withClient(connection.superuserUrl, (client) => client.query<R>(sql, values), limit)).rows;
    },
    findProject: (ref: string): SupabaseProject => {
      const found = state.projects.find((project) => project.ref === ref);
      if (found === undefined) throw refusal(404, "Project not found");
      return found;
    },
  };
}
/** See {@link openSupabaseWorld}. */
export type SupabaseWorld = ReturnType<typeof openSupabaseWorld>;

/** An error in the Management API's format. */
export function refusal(status: 400 | 401 | 402 | 404 | 409 | 500, message: string): ApiError {
  return new ApiError(status, { message });
}

/** A new project's secret: 40 random bytes, as Supabase generates. */
export function newJwtSecret(): string {
  return randomBytes(40).toString("base64");
}

const TEN_YEARS_SECONDS = 10 * 365 * 86_400;

/** A project's `anon` or `service_role` key; always the same. */
export function apiKey(project: SupabaseProject, role: "anon" | "service_role"): Promise<string> {
  const issued = Math.floor(Date.parse(project.createdAt) / 1000);
  return signed(project, { iss: "supabase", ref: project.ref, role, iat: issued, exp: issued + TEN_YEARS_SECONDS });
}

/** A token signed with the project's secret. */
export function signed(project: SupabaseProject, claims: Record<string, unknown>): Promise<string> {
  return sign(claims, project.jwtSecret, "HS256");
}

/** Auth settings whose values are never shown again. */
export const HIDDEN_SETTING = /(_secret|_secrets|_pass|_auth_token|_access_key|textlocal_api_key)$/;

/** A project's auth settings as the Management API shows them: in place of a secret its HMAC, keyed by the project's ref. */
export function shownSettings({ ref, authSettings }: SupabaseProject): Record<string, unknown> {
  const shown = (name: string, value: unknown) =>
    HIDDEN_SETTING.test(name) && typeof value === "string" && value !== ""
      ? createHmac("sha256", ref).update(value).digest("hex")
      : value;
  return Object.fromEntries(Object.entries(authSettings).map(([name, value]) => [name, shown(name, value)]));
}
