import { UserError } from "../../services/common/errors.ts";

/** A variable of a file, and the comments of this program before it. */
export interface DotenvEntry {
  /** From 1. */
  line: number;
  key: string;
  value: string;
  /** What follows `# recovery:` in the lines before it. */
  remarks: string[];
  /** What follows `# recovery-drill:`, parsed like a value. */
  drillValue: string | undefined;
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/;
const COMMENT = /^[ \t]*#[ \t]*(?:(recovery(?:-drill)?):[ \t]*)?(.*)$/;
const REST = /^[ \t]*(#.*)?$/;
const QUOTES = `'"\``;

/**
 * Reads a .env file in the syntax of dotenv (https://github.com/motdotla/dotenv#readme): `KEY=value`, optionally after `export`; a value in
 * single quotes, double quotes or backticks may have several lines; only in double quotes `\n` and `\r` stand for line ends; without quotes
 * `#` begins a comment. Lines that begin with `# recovery:` or `# recovery-drill:` belong to the next variable.
 *
 * @throws UserError with the number of each line that is not understood, and without its text
 */
export function parseDotenv(text: string, file: string): DotenvEntry[] {
  const entries: DotenvEntry[] = [];
  const faults: number[] = [];
  const lines = text
    .replace(/^\uFEFF/, "")
    .replaceAll(/\r\n?/g, "\n")
    .split("\n");
  let remarks: string[] = [];
  let drillValue: string | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const comment = COMMENT.exec(line);
    const assignment = ASSIGNMENT.exec(line);
    if (comment?.[1] === "recovery") remarks.push((comment[2] ?? "").trim());
    else if (comment?.[1] === "recovery-drill") drillValue = valueIn(comment[2] ?? "", [])?.value;
    else if (assignment) {
      const found = valueIn(line.slice(assignment[0].length), lines.slice(at + 1));
      if (found === undefined) faults.push(at + 1);
      else entries.push({ line: at + 1, key: assignment[1] ?? "", value: found.value, remarks, drillValue });
      at += found?.furtherLines ?? 0;
      [remarks, drillValue] = [[], undefined];
    } else if (comment === null && line.trim() !== "") faults.push(at + 1);
  }
  if (remarks.length > 0 || drillValue !== undefined) faults.push(lines.length);
  if (faults.length > 0)
    throw new UserError(
      `${file} is not understood in ${faults.length === 1 ? "line" : "lines"} ${faults.join(", ")}: write KEY="value", a comment with #, or a remark before its variable. A quoted value must end with its quote.`,
    );
  return entries;
}

/** The value at the beginning of a line, which may continue in the next ones. Undefined if its quote is not closed. */
function valueIn(text: string, next: readonly string[]): { value: string; furtherLines: number } | undefined {
  const quote = text[0] ?? "";
  if (quote === "" || !QUOTES.includes(quote)) return { value: text.replace(/#.*$/, "").trim(), furtherLines: 0 };
  let content = text.slice(1);
  for (let further = 0; further <= next.length; further += 1) {
    const end = closing(content, quote);
    if (end !== -1) {
      if (!REST.test(content.slice(end + 1))) return undefined;
      const inside = content.slice(0, end);
      const value = quote === '"' ? inside.replaceAll("\\n", "\n").replaceAll("\\r", "\r") : inside;
      return { value, furtherLines: further };
    }
    content += `\n${next[further] ?? ""}`;
  }
  return undefined;
}

/** Where a quote ends. One after a backslash does not end it. */
function closing(content: string, quote: string): number {
  for (let at = 0; at < content.length; at += 1) if (content[at] === quote && content[at - 1] !== "\\") return at;
  return -1;
}

/** A value as the right side of an assignment, quoted so that every reader of the syntax gives it back. Undefined if none could. */
export function quotedValue(value: string): string | undefined {
  if (/^[\w./:@%+,=-]*$/.test(value)) return value;
  if (value.includes("\r") || value.endsWith("\\")) return undefined;
  for (const quote of ["'", "`"]) if (!value.includes(quote)) return `${quote}${value}${quote}`;
  return value.includes('"') || /\\[nr]/.test(value) ? undefined : `"${value}"`;
}
