/** Sizes of a pool, of one role and database. */
export interface PoolerLimits {
  /** Server sessions of each mode, and so clients in session mode. */
  poolSize: number;
  /** Clients in transaction mode. */
  maxClients: number;
}

/**
 * The limits of the smallest size of compute (https://supabase.com/docs/guides/platform/compute-and-disk, "Postgres replication slots, WAL senders,
 * and connections"; the pool's size is in the project's database settings).
 */
export const SMALLEST_POOL: PoolerLimits = { poolSize: 15, maxClients: 200 };
