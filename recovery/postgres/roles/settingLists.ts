/**
 * Settings whose value is a list of names or files. PostgreSQL keeps each element as it was given, so that an element is quoted by itself
 * in SQL. Source: variable_is_guc_list_quote in src/bin/pg_dump/dumputils.c (https://github.com/postgres/postgres).
 */
const FILES = [
  "local_preload_libraries",
  "session_preload_libraries",
  "shared_preload_libraries",
  "unix_socket_directories",
];
/** Those of names, of which a server reads what isn't quoted in lower case (SplitIdentifierString in src/backend/utils/adt/varlena.c). */
const NAMES = ["search_path", "temp_tablespaces"];

const SPACE = /[ \t\n\r\f\v]*/y;
const QUOTED = /"((?:[^"]|"")*)"/y;
const UNQUOTED = /[^, \t\n\r\f\v]+/y;

/** Whether the setting of that name holds such a list. */
export function isSettingList(name: string): boolean {
  return FILES.includes(name) || NAMES.includes(name);
}

/**
 * The elements of such a setting's value, as PostgreSQL reads it (SplitGUCList in src/bin/pg_dump/dumputils.c). Undefined where it could
 * not. SQL has no words for a list of no element: an empty name means the same where names are meant, and there is none for files.
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
 * Where such a list ends in a text that goes on with `;` and a new line, or the text's end: the place of that semicolon. An element may
 * hold anything, but what follows it is a comma exactly where the list goes on. Undefined where it ends otherwise.
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

/** As a server does with ASCII letters. */
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
