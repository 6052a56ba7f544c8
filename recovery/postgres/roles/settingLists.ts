/**
 * Settings whose value is a list of names or files. PostgreSQL stores each element as it was given, so SQL must quote each element
 * separately. Source: variable_is_guc_list_quote in src/bin/pg_dump/dumputils.c (https://github.com/postgres/postgres).
 */
const FILES = [
  "local_preload_libraries",
  "session_preload_libraries",
  "shared_preload_libraries",
  "unix_socket_directories",
];
/** The lists of names. A server reads their unquoted elements in lower case (SplitIdentifierString in src/backend/utils/adt/varlena.c). */
const NAMES = ["search_path", "temp_tablespaces"];

const SPACE = /[ \t\n\r\f\v]*/y;
const QUOTED = /"((?:[^"]|"")*)"/y;
const UNQUOTED = /[^, \t\n\r\f\v]+/y;

/** Whether the setting holds such a list. */
export function isSettingList(name: string): boolean {
  return FILES.includes(name) || NAMES.includes(name);
}

/**
 * The elements of such a setting's value, as PostgreSQL reads it (SplitGUCList in src/bin/pg_dump/dumputils.c). Undefined if it can't. SQL
 * can't express an empty list: an empty name means the same for names, and files have no equivalent.
 */
export function splitSettingList(name: string, text: string): string[] | undefined {
  const elements: string[] = [];
  let at = after(SPACE, text, 0);
  if (at === text.length) return NAMES.includes(name) ? [""] : undefined;
  for (;;) {
    const quoted = match(QUOTED, text, at);
    const found = quoted ?? (text[at] === '"' ? undefined : match(UNQUOTED, text, at));
    if (found === undefined) return undefined;
    if (quoted !== undefined) elements.push((quoted[1] ?? "").replaceAll('""', '"'));
    else elements.push(NAMES.includes(name) ? lowered(found[0]) : found[0]);
    at = after(SPACE, text, at + found[0].length);
    if (at === text.length) return elements;
    if (text[at] !== ",") return undefined;
    at = after(SPACE, text, at + 1);
  }
}

/**
 * The position of the semicolon that ends such a list in a text, before a new line or the text's end. An element may hold anything, but it
 * is followed by a comma exactly if the list continues. Undefined if the list ends otherwise.
 */
export function endOfSettingList(text: string, start: number): number | undefined {
  for (let at = start; ; at += 1) {
    at = after(SPACE, text, at);
    const quoted = match(QUOTED, text, at);
    if (quoted === undefined && text[at] === '"') return undefined;
    at += (quoted ?? match(UNQUOTED, text, at))?.[0].length ?? 0;
    const next = after(SPACE, text, at);
    if (text[next] === ",") {
      at = next;
      continue;
    }
    const end = quoted === undefined && text[at - 1] === ";" ? at - 1 : next;
    return text[end] === ";" && (text[end + 1] ?? "\n") === "\n" ? end : undefined;
  }
}

/** Lower case of ASCII letters, as a server does it. */
function lowered(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function after(pattern: RegExp, text: string, at: number): number {
  return at + (match(pattern, text, at)?.[0].length ?? 0);
}
