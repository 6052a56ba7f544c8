import type { Hono } from "hono";

import { type PoolerLimits, SMALLEST_POOL } from "../pooler/limits.ts";
import { refusal, type SupabaseWorld } from "./supabaseState.ts";

/**
 * Clients of the pooler in transaction mode by size of compute; smaller ones have those of `SMALLEST_POOL`. Source:
 * https://supabase.com/docs/guides/platform/compute-and-disk ("Connection Pooler Max Clients").
 */
const MAX_CLIENTS: Readonly<Record<string, number>> = {
  small: 400,
  medium: 600,
  large: 800,
  xlarge: 1_000,
  "2xlarge": 1_500,
  "4xlarge": 3_000,
  "8xlarge": 6_000,
  "12xlarge": 9_000,
  "16xlarge": 12_000,
};

/**
 * Where a project's pooler listens, and its limits. Supabase lists the transaction pooler, at port 6543 of a host that all projects of a region
 * share, and a client knows that sessions are at port 5432. Here no port is fixed, so both are listed; each is the project's own, so that a role
 * needs no ref in its name. Without TLS.
 */
export function addPoolerRoutes(app: Hono, { state, findProject }: SupabaseWorld) {
  const poolerLimits = (ref: string): PoolerLimits => {
    const compute = state.projects.find((project) => project.ref === ref)?.compute ?? "";
    return { ...SMALLEST_POOL, ...(MAX_CLIENTS[compute] !== undefined && { maxClients: MAX_CLIENTS[compute] }) };
  };
  app.get("/v1/projects/:ref/config/database/pooler", (c) => {
    const { ref, address } = findProject(c.req.param("ref"));
    if (address === undefined) throw refusal(400, "Project is not ready yet");
    const { host, port, transactionPort } = address;
    const { poolSize, maxClients } = poolerLimits(ref);
    const listed = (mode: string, at: number) => {
      const connection = `postgresql://postgres:[YOUR-PASSWORD]@${host}:${at}/postgres?sslmode=disable`;
      return {
        identifier: ref,
        database_type: "PRIMARY",
        is_using_scram_auth: true,
        db_user: "postgres",
        db_host: host,
        db_port: at,
        db_name: "postgres",
        connection_string: connection,
        connectionString: connection,
        default_pool_size: poolSize,
        max_client_conn: maxClients,
        pool_mode: mode,
      };
    };
    const session = listed("session", port);
    return c.json(transactionPort === undefined ? [session] : [session, listed("transaction", transactionPort)]);
  });
  return { poolerLimits };
}
