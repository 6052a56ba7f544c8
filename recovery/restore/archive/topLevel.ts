/**
 * What PostgreSQL reads as one piece of a script: a comment, a literal, a name, and the opening of a body in dollars. A doubled quote reads
 * as two literals beside each other, which is as good here. Source: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
const TOKEN =
  /--[^\n]*|\/\*|[eE]'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*'|'[^']*'|"[^"]*"|\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*|[^-/'"$a-z_\u0080-\uffff\n]+|[^]/giy;

/** Where the lines of a script begin that do not begin within a literal, a name, a comment or a body. */
export function topLevelLines(sql: string): number[] {
  const starts = [0];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < sql.length;) {
    TOKEN.lastIndex = at;
    const [token = ""] = TOKEN.exec(sql) ?? [];
    at += Math.max(token.length, 1);
    if (token === "\n") starts.push(at);
    else if (token === "/*") at = after(sql, "*/", at);
    else if (token.startsWith("$") && token.length > 1) at = after(sql, token, at);
  }
  return starts;
}

function after(sql: string, end: string, from: number): number {
  const found = sql.indexOf(end, from);
  return found === -1 ? sql.length : found + end.length;
}
