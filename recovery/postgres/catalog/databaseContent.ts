import { messageOf } from "../../../services/common/errors.ts";
import { realTiming, type Timing } from "../../../services/common/timing.ts";
import { connect, type Session } from "../session/database.ts";
import { sqlStateBehind } from "../session/sqlState.ts";
import { IS_APP_SCHEMA, isNoMember } from "./platform.ts";

/** What a database at a connection string holds. */
export type DatabaseContent =
  | { state: "empty" }
  /** Something of an application is in it; `what` names it in words. */
  | { state: "holds data"; what: string }
  /** The server answers and refuses this password. */
  | { state: "refused"; reason: string }
  /** Nothing usable answers yet. */
  | { state: "unreachable"; reason: string };

/** Inspects a database without changing it. */
export type InspectDatabase = (
  connectionString: string,
  signal: AbortSignal,
  timing?: Timing,
) => Promise<DatabaseContent>;

/** SQLSTATE class 28: invalid authorization specification. */
const AUTHORIZATION_FAILED = "28";

/** What a new Supabase project does not have: relations in the app's schemas, users, stored files. */
const CONTENT_QUERY = `
select
  (select count(*)::int from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm', 'v', 'f') and ${IS_APP_SCHEMA} and ${isNoMember("pg_class", "c.oid")}) as relations,
  (select count(*)::int from auth.users) as users,
  (select count(*)::int from storage.objects) as files`;

/** Opens one session, counts, and closes it. Only throws if it is aborted. */
export const inspectDatabase: InspectDatabase = async (connectionString, signal, timing = realTiming) => {
  let session: Session | undefined;
  try {
    session = await connect(connectionString, {
      applicationName: "castchat-recovery inspect",
      statementTimeoutMs: timing.inspectMs,
      signal,
      timing,
    });
    const [found] = await session.query<{ relations: number; users: number; files: number }>(CONTENT_QUERY);
    if (!found) return { state: "unreachable", reason: "the database gave no answer" };
    const counts = { relations: found.relations, users: found.users, "stored files": found.files };
    const parts = Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
    return parts.length === 0 ? { state: "empty" } : { state: "holds data", what: parts.join(", ") };
  } catch (error) {
    signal.throwIfAborted();
    const isRefused = sqlStateBehind(error).startsWith(AUTHORIZATION_FAILED);
    return { state: isRefused ? "refused" : "unreachable", reason: messageOf(error) };
  } finally {
    await session?.end();
  }
};
