import { named } from "../../../services/common/named.ts";
import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { rollBack } from "../../postgres/session/transaction.ts";

/** Column options that every server takes. Source: attributeOptions in https://www.postgresql.org/docs/current/sql-altertable.html */
const KNOWN: readonly string[] = ["n_distinct", "n_distinct_inherited"];
/**
 * Column options that a server writes for itself: no script may set them. pg_attver was seen on Debian's 15.20 of November 2026, whose own
 * pg_dump leaves it out; those of other versions do not.
 */
const SERVERS_OWN: readonly string[] = ["pg_attver"];

/** Such a statement as pg_dump writes it. */
const STATEMENT = /^(ALTER (?:FOREIGN )?TABLE ONLY (.+) ALTER COLUMN (.+) SET \()([^()]*)(\);)\n/gm;
/** What a server answers that does not know the option, or not the value. */

/** Definitions without column options that the target can't take. */
export interface FittingDefinitions {
  entries: string[];
  /** What was taken out, in sentences. */
  notes: string[];
}

/**
 * Takes the options of columns out of definitions that the target does not take: a newer version of the source may have written some that
 * the target's does not know. They say how rows are counted or kept, never what they are, and no comparison reads them.
 */
export async function withoutUnknownOptions(session: Session, entries: readonly string[]): Promise<FittingDefinitions> {
  const options = new Set(entries.flatMap((entry) => [...entry.matchAll(STATEMENT)].flatMap((one) => optionsOf(one))));
  const refused = new Set<string>();
  for (const option of options) if (!(await isTaken(session, option))) refused.add(option);
  if (refused.size === 0) return { entries: [...entries], notes: [] };
  const columns = new Map<string, string[]>();
  const fitting = entries.map((entry) =>
    entry.replaceAll(STATEMENT, (statement, head: string, table: string, column: string, list: string, end: string) => {
      const left = list.split(", ").filter((option) => !refused.has(option));
      for (const option of list.split(", ").filter((one) => refused.has(one))) {
        const name = nameOf(option);
        columns.set(name, [...(columns.get(name) ?? []), `${table}.${column}`]);
      }
      if (left.length === 0) return "";
      return left.length === list.split(", ").length ? statement : `${head}${left.join(", ")}${end}\n`;
    }),
  );
  const notes = [...columns].map(
    ([name, of]) =>
      `The option ${name} of ${of.length} columns is left out, which the target server (PostgreSQL ${session.serverVersion}) does not take from a script: ${named(of)}.`,
  );
  return { entries: fitting, notes };
}

function optionsOf([, , , , list]: RegExpExecArray): string[] {
  return (list ?? "").split(", ");
}

function nameOf(option: string): string {
  return option.split("=", 1)[0] ?? option;
}

/** Asks the target by a table that is gone at once. */
async function isTaken(session: Session, option: string): Promise<boolean> {
  const name = nameOf(option);
  if (KNOWN.includes(name)) return true;
  // Anything else than a name and a number or word is none that pg_dump has written of a server's own.
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
