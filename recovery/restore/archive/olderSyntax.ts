/** The first major version that accepts `NOT NULL column` among a table's constraints. */
export const NOT_NULL_CONSTRAINTS_SINCE = 18;

/** The first major version that knows transaction_timeout. pg_restore 17 and newer sets it at the head of every script. */
const TRANSACTION_TIMEOUT_SINCE = 17;

/** pg_restore's script without that setting if the server does not know it. Only at the head: rows and functions may contain the same words. */
export function withoutNewSettings(sql: string, serverMajor: number): string {
  if (serverMajor >= TRANSACTION_TIMEOUT_SINCE) return sql;
  return sql.replace(/^(SET idle_in_transaction_session_timeout = 0;\n)SET transaction_timeout = 0;\n/m, "$1");
}

/** Head of a table's definition, and a constraint that older servers don't know, as pg_dump writes them. */
const TABLE = /^CREATE (?:UNLOGGED |FOREIGN )?TABLE (.+) \($/;
const CONSTRAINT = /^ {4}(?:CONSTRAINT .+ )?NOT NULL ((?:"(?:[^"]|"")+"|[^\s",]+))(?: NO INHERIT)?(,?)$/;

/**
 * Definitions as a server before 18 accepts them. If a child table is stricter than its parent, pg_dump 18 writes a constraint
 * `NOT NULL column`, even for an older server, which then refuses its own definition. Here it becomes a statement of its own. Undefined if
 * nothing has to change.
 */
export function forOlderServer(sql: string): string | undefined {
  const lines: string[] = [];
  let table: string | undefined;
  let strict: string[] = [];
  let isChanged = false;
  for (const line of sql.split("\n")) {
    table ??= TABLE.exec(line)?.[1];
    const [, column, comma] = (table === undefined ? undefined : CONSTRAINT.exec(line)) ?? [];
    if (column !== undefined) {
      strict.push(column);
      isChanged = true;
      // It was the last of a list: the line before it must not end with a comma.
      if (comma === "") lines.push((lines.pop() ?? "").replace(/,$/, ""));
      continue;
    }
    lines.push(line);
    if (table === undefined || !line.endsWith(";")) continue;
    for (const name of strict) lines.push(`ALTER TABLE ONLY ${table} ALTER COLUMN ${name} SET NOT NULL;`);
    [table, strict] = [undefined, []];
  }
  return isChanged ? lines.join("\n") : undefined;
}
