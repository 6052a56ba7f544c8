import { visible } from "../../services/common/visibleText.ts";
import { tableName } from "../postgres/session/quote.ts";

/** A session that waits for a lock that a run holds. */
export interface Waiter {
  pid: number;
  /** The server's virtual id of its transaction ("5/1234"), which every role may see. */
  transaction: string;
  /** Its application name, which it has chosen itself. Empty if it has none. */
  program: string;
  /** Its role. Empty if this role may not see it. */
  user: string;
  /** The first two words of its statement, in upper case. Empty if this role may not see it. */
  words: string;
  /** What it waits for. Empty if that is no table, view or index, for instance the end of the run's transaction. */
  tables: { schema: string; name: string }[];
}

/** SQL for the table or view of a lock, `l`: an object with `schema` and `name`. For an index, its table; null for any other lock. */
export const TABLE_OF_LOCK = `(select jsonb_build_object('schema', n.nspname, 'name', c.relname)
  from pg_catalog.pg_class r left join pg_catalog.pg_index i on i.indexrelid = r.oid
  join pg_catalog.pg_class c on c.oid = coalesce(i.indrelid, r.oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where l.locktype = 'relation' and r.oid = l.relation and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()))`;

/** SQL for the first two words of a session's statement, `pg_stat_activity a`. Comments before them are skipped. */
export const FIRST_WORDS = String.raw`upper(substring(a.query from '^(?:\s|--[^\n]*\n|/\*.*?\*/)*([A-Za-z]+(?:\s+[A-Za-z]+)?)'))`;

/**
 * Words of SQL that begin a command. A statement holds values, which may be secret, so that messages show no other word of it.
 */
const COMMANDS = [
  ...["ALTER", "CALL", "CLUSTER", "COMMENT", "COPY", "CREATE", "DELETE", "DO", "DROP", "EXECUTE", "GRANT", "INSERT"],
  ...["LOCK", "MERGE", "REFRESH", "REINDEX", "REVOKE", "SELECT", "TRUNCATE", "UPDATE", "VACUUM", "WITH"],
];
/** Words that say what such a command is about. */
const OBJECTS = ["INDEX", "FULL", "MATERIALIZED", "POLICY", "RULE", "SCHEMA", "TABLE", "TRIGGER", "UNIQUE", "VIEW"];

/** Names such a session, its command and its tables: `process 123 ("nightly", user etl: TRUNCATE of public.staging)`. */
export function describeWaiter({ pid, program, user, words, tables }: Waiter): string {
  const [command = "", object = ""] = words.split(/\s+/);
  const shown = COMMANDS.includes(command) ? [command, ...(OBJECTS.includes(object) ? [object] : [])].join(" ") : "";
  const names = tables.map(tableName).join(", ");
  const what = shown === "" ? `an exclusive lock${names && ` on ${names}`}` : `${shown}${names && ` of ${names}`}`;
  const who = [...(program === "" ? [] : [`"${program}"`]), ...(user === "" ? [] : [`user ${user}`])].join(", ");
  return visible(`process ${pid} (${who === "" ? "" : `${who}: `}${what})`);
}
