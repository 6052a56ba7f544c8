import { amount } from "../../../services/common/amount.ts";
import { named } from "../../../services/common/named.ts";
import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { rollBack } from "../../postgres/session/transaction.ts";
import type { ScriptEntry } from "./archiveScript.ts";

/** Column options that every server accepts. Source: attributeOptions in https://www.postgresql.org/docs/current/sql-altertable.html */
const KNOWN: readonly string[] = ["n_distinct", "n_distinct_inherited"];
/**
 * Column options that a server writes for itself and that no script may set. pg_attver was seen on Debian's 15.20 of November 2026. Its own
 * pg_dump leaves it out, but those of other versions do not.
 */
const SERVERS_OWN: readonly string[] = ["pg_attver"];

/** A statement that sets such options, as pg_dump writes it. */
const STATEMENT = /^(ALTER (?:FOREIGN )?TABLE ONLY (.+) ALTER COLUMN (.+) SET \()([^()]*)(\);)\n/gm;

/**
 * Removes column options from definitions that the target does not accept, since a newer source may have some that the target does not
 * know. They say how rows are counted or stored, not what they hold, and no comparison reads them. `notes` says in sentences what was
 * removed.
 */
export async function withoutUnknownOptions<E extends ScriptEntry>(
  session: Session,
  entries: readonly E[],
): Promise<{ entries: E[]; notes: string[] }> {
  const statements = entries.flatMap(({ sql }) => [...sql.matchAll(STATEMENT)]);
  const options = new Set(statements.flatMap(([, , , , list = ""]) => list.split(", ")));
  const refused = new Set<string>();
  for (const option of options) if (!(await isTaken(session, option))) refused.add(option);
  if (refused.size === 0) return { entries: [...entries], notes: [] };
  const columns = new Map<string, string[]>();
  const fit = (statement: string, head: string, table: string, column: string, list: string, end: string) => {
    const left = list.split(", ").filter((option) => !refused.has(option));
    const out = list.split(", ").filter((option) => refused.has(option));
    for (const name of out.map(nameOf)) columns.set(name, [...(columns.get(name) ?? []), `${table}.${column}`]);
    if (left.length === 0) return "";
    return out.length === 0 ? statement : `${head}${left.join(", ")}${end}\n`;
  };
  const fitting = entries.map((entry) => ({ ...entry, sql: entry.sql.replaceAll(STATEMENT, fit) }));
  const notes = [...columns].map(
    ([name, of]) =>
      `The option ${name} of ${amount(of.length, "column")} is left out, since the target server (PostgreSQL ${session.serverVersion}) does not accept it from a script: ${named(of)}.`,
  );
  return { entries: fitting, notes };
}

function nameOf(option: string): string {
  return option.split("=", 1)[0] ?? option;
}

/** Tries the option on a temporary table of the target. */
async function isTaken(session: Session, option: string): Promise<boolean> {
  const name = nameOf(option);
  if (KNOWN.includes(name)) return true;
  // A server's own option has a name and a number or a word. Other text is never run.
  if (SERVERS_OWN.includes(name) || !/^[a-z_][a-z0-9_.]*=[\w.+-]*$/i.test(option)) return false;
  try {
    await session.query(
      `begin; create temporary table castchat_recovery_probe (c int) on commit drop; alter table castchat_recovery_probe alter column c set (${option})`,
    );
    return true;
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.INVALID_PARAMETER_VALUE) throw error;
    return false;
  } finally {
    await rollBack(session);
  }
}
