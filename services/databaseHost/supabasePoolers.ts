import { z } from "zod";

import type { SessionAddress } from "./databaseHost.ts";

/** The transaction pooler's port. Dumps, restores and `SET` need a session: this port is never used. */
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
/** A project's poolers: Supabase answers a list, and one object at times. */
export const poolersAnswer = z.union([z.array(onePooler), onePooler.transform((one) => [one])]);

/**
 * The session pooler out of the poolers that are listed. Supabase lists only the transaction pooler (port 6543) and
 * serves sessions on 5432 of the same host; a service that lists a session pooler names its port itself.
 */
export function sessionAddressIn(poolers: z.infer<typeof poolersAnswer>, ref: string): SessionAddress {
  const primaries = poolers.filter((one) => one.database_type === undefined || one.database_type === "PRIMARY");
  const session = primaries.find((one) => one.pool_mode === "session");
  const chosen = session ?? primaries[0];
  if (!chosen) throw new Error(`Supabase lists no pooler for the primary database of project ${ref}.`);
  const port = chosen.db_port === TRANSACTION_POOLER_PORT ? SESSION_POOLER_PORT : chosen.db_port;
  return { host: chosen.db_host, port, user: chosen.db_user, database: chosen.db_name };
}
