import { messageOf } from "../../../services/common/errors.ts";
import type { NotRestored } from "../run/notRestored.ts";
import type { ScriptEntry } from "./archiveScript.ts";

const NAME = String.raw`(?:"(?:[^"]|"")+"|[a-z_][\w$]*)`;
/** A column in a table's definition, as pg_dump writes it: its head, then what it computes or where it comes from. */
const COLUMN = new RegExp(String.raw`^( {4}(${NAME}) .*?)(?: DEFAULT .*?| GENERATED ALWAYS AS .*?)( NOT NULL)?(,?)$`);
const TYPED = new RegExp(String.raw`^( {4}(${NAME})) .*?(,?)$`);
const CHECK = new RegExp(String.raw`^ {4}CONSTRAINT (${NAME}) CHECK .*$`);
const RESTRICTIVE = new RegExp(String.raw`^(CREATE POLICY ${NAME} ON ${NAME}\.${NAME} AS RESTRICTIVE) [^]*$`, "im");
/** A statement that fits into a note. */
const SHORT = 400;

/** An entry in the form in which the target may take it, and what is missing of it then. Without SQL it is left out. */
export interface Fitted {
  sql: string | undefined;
  missing: NotRestored;
}

/**
 * What of an entry a target can take that lacks something which the entry needs, such as a function of the app's in `auth`: a table without
 * a default, a CHECK, or the type of a column, which then takes text; a restrictive policy that lets nothing pass. Anything else is left out.
 *
 * @param error the server's refusal, which says where in the SQL it read the missing name
 */
export function fitEntry({ description, sql }: ScriptEntry, error: unknown): Fitted {
  const { position } = error as { position?: string };
  const of = description.replace(/^(?:[A-Z]+ )+(?:- )?/, "").replace(/ \S+$/, "");
  const because = `${messageOf(error)}. No backup holds that`;
  const left = (what: string, key: string, then: string, isWhole = false): NotRestored => ({
    key,
    isWhole,
    note: `Not restored: ${what}, because ${because}. ${then}`,
  });
  const lineAt = position === undefined ? undefined : lineWith(sql, Number(position) - 1);
  if (/^(FOREIGN )?TABLE /.test(description) && lineAt !== undefined) {
    const { line, start } = lineAt;
    const put = (text: string) => sql.slice(0, start) + text + sql.slice(start + line.length);
    const column = COLUMN.exec(line);
    if (column !== null) {
      const [, head = "", name = "", notNull = "", comma = ""] = column;
      const what = `what the column ${name} of ${of} computes by itself`;
      const then = "Create what is missing, then alter the column.";
      return { sql: put(`${head}${notNull}${comma}`), missing: left(what, `${of} ${name}`, then) };
    }
    const check = CHECK.exec(line);
    if (check !== null) {
      const then = `Create what is missing, then run: alter table … add ${line.trim().replace(/,$/, "")};`;
      // A last constraint leaves a comma on the line before it.
      const rest = line.endsWith(",")
        ? put("")
        : sql.slice(0, start).replace(/,\n$/, "\n") + sql.slice(start + line.length);
      return { sql: rest, missing: left(`constraint ${check[1]} of ${of}`, `${of} ${check[1]}`, then) };
    }
    const typed = TYPED.exec(line);
    if (typed !== null) {
      const [, head = "", name = "", comma = ""] = typed;
      const then = "The column holds its values as text. Create the type, then alter the column.";
      return {
        sql: put(`${head} text${comma}`),
        missing: left(`the type of column ${name} of ${of}`, `${of} ${name}`, then),
      };
    }
  }
  const restrictive = RESTRICTIVE.exec(sql);
  const own = sql.replaceAll(/^(--.*|SET .*|)\n/gm, "").trim();
  // Options of servers and user mappings hold passwords and keys.
  const isSecret = /\bOPTIONS \(/.test(own);
  const again =
    isSecret || own.length > SHORT
      ? "then create it as the backup's schema.dump has it (docs/restore-by-hand.md)."
      : `then run: ${own}`;
  if (restrictive !== null) {
    const closed = `${restrictive[1]} USING (false) WITH CHECK (false);\n`;
    const then = `A policy of that name lets nothing pass until then. Create what is missing, drop that policy, ${again}`;
    return { sql: closed, missing: left(description, of, then) };
  }
  return { sql: undefined, missing: left(description, of, `Create what is missing, ${again}`, true) };
}

function lineWith(sql: string, at: number): { line: string; start: number } {
  const start = sql.lastIndexOf("\n", at - 1) + 1;
  const end = sql.indexOf("\n", at);
  return { line: sql.slice(start, end === -1 ? sql.length : end), start };
}
