import {
  type AppRole,
  type AppRoles,
  creationBody,
  type Membership,
  ROLE_ATTRIBUTES,
  type RoleSetting,
} from "../../postgres/roles/appRoles.ts";
import { ROLES_HEADER } from "../../postgres/roles/rolesScript.ts";
import { endOfSettingList, splitSettingList } from "../../postgres/roles/settingLists.ts";
import { isOfApp } from "./broaderRights.ts";

/** What a backup's roles.sql says. */
export interface ReadRoles {
  roles: AppRoles;
  /** Statements that no backup writes, and that are left out, each in a clause. */
  refused: string[];
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_]*)`;
const LITERAL = String.raw`(?: ?E'(?:[^'\\]|''|\\[\\nr])*'|'(?:[^'\\]|'')*')`;
const OPTION = "(?:admin|inherit|set) (?:true|false|t|f)";

/**
 * Every form of statement that a version of the backup has written, in the order in which they stand. Nothing else is ever run. A
 * statement ends at the end of a line, but a name or a value may contain line ends.
 */
const FORMS = {
  creation: new RegExp(
    `do (?:\\$role\\$ begin if not exists \\(select from pg_catalog\\.pg_roles where rolname = (${LITERAL})\\) then create role (${NAME}); end if; end \\$role\\$|(${LITERAL}));(?=\\n|$)`,
    "y",
  ),
  attributes: new RegExp(
    `alter role (${NAME}) ((?:${ROLE_ATTRIBUTES.join("|")})(?: (?:${ROLE_ATTRIBUTES.join("|")}))*)(?: connection limit (\\d+))?(?: valid until (${LITERAL}))?;(?=\\n|$)`,
    "y",
  ),
  setting: new RegExp(`alter role (${NAME}) set (${NAME}) to `, "y"),
  membership: new RegExp(
    `grant (${NAME}) to (${NAME}|current_user)(?: with (admin option|${OPTION}(?:, ${OPTION})*))?;(?=\\n|$)`,
    "y",
  ),
};
const VALUES = new RegExp(`(${LITERAL}(?:, ${LITERAL})*);(?=\\n|$)`, "y");
const BODY = new RegExp(`rolname = (${LITERAL})\\) then`);
const NEXT = /\n(?=do |alter role |grant |$)/g;
/** Settings whose values an earlier version wrote as the server keeps them, without quoting them. */
const RAW = ["search_path", "session_preload_libraries", "temp_tablespaces"];
const SHOWN = 80;

/**
 * Reads a backup's roles.sql as data. SQL is made of what was read, and what cannot be read is left out. So no text in a name or a value
 * is ever run as SQL.
 */
export function readRoles(script: string): ReadRoles {
  const roles = new Map<string, AppRole>();
  const settings: RoleSetting[] = [];
  const memberships: Membership[] = [];
  const refused: string[] = [];
  const isRaw = !script.startsWith(`${ROLES_HEADER}\n`);
  let pass = 1;
  const start = script.startsWith("--") ? script.indexOf("\n") + 1 : 0;
  for (let at = start; at < script.length;) {
    const found = statementAt(script, at, isRaw);
    const isTaken = found !== undefined && take(found);
    if (!isTaken) refused.push(found?.what ?? `the statement ${shown(script, at)}`);
    at = found?.end ?? nextStatement(script, at);
    while (script[at] === "\n") at += 1;
  }
  return { roles: { roles: [...roles.values()], settings, memberships }, refused };

  /** False if no backup writes such a statement in this place, or about this role. */
  function take({ made, pass: own }: Statement): boolean {
    if (own < pass) return false;
    pass = own;
    if (made === undefined) return false;
    if ("creates" in made) {
      if (!isOfApp(made.creates)) return false;
      roles.set(made.creates, { name: made.creates, attributes: [] });
    } else if ("attributes" in made) {
      if (!roles.has(made.name)) return false;
      roles.set(made.name, made);
    } else if ("value" in made) {
      if (!roles.has(made.role)) return false;
      settings.push(made);
    } else {
      const { role, member } = made;
      const isOwn = roles.has(role) || (member !== undefined && roles.has(member));
      if (!isOwn || member?.startsWith("supabase_") === true) return false;
      memberships.push(made);
    }
    return true;
  }
}

type Made = AppRole | RoleSetting | Membership | { creates: string };

interface Statement {
  /** Undefined if its value cannot be read. */
  made: Made | undefined;
  /** Which of the four parts of a script it belongs to. */
  pass: number;
  /** Its name in messages. */
  what: string;
  end: number;
}

function statementAt(script: string, at: number, isRaw: boolean): Statement | undefined {
  const what = `the statement ${shown(script, at)}`;
  const creation = match(FORMS.creation, script, at);
  if (creation !== undefined) {
    const [all, literal, name, body] = creation;
    const end = at + all.length;
    const creates = body === undefined ? unquoted(name ?? "") : valueOf(BODY.exec(valueOf(body))?.[1] ?? "''");
    const isWhole = body === undefined ? valueOf(literal ?? "") === creates : valueOf(body) === creationBody(creates);
    return { made: isWhole && creates !== "" ? { creates } : undefined, pass: 1, what, end };
  }
  const attributes = match(FORMS.attributes, script, at);
  if (attributes !== undefined) {
    const [all, name, words, limit, until] = attributes;
    const made = {
      name: unquoted(name ?? ""),
      attributes: (words ?? "").split(" "),
      connectionLimit: limit === undefined ? undefined : Number(limit),
      validUntil: until === undefined ? undefined : valueOf(until),
    };
    return { made, pass: 2, what, end: at + all.length };
  }
  const membership = match(FORMS.membership, script, at);
  if (membership !== undefined) {
    const [all, role, member, how] = membership;
    const made = {
      role: unquoted(role ?? ""),
      member: member === "current_user" ? undefined : unquoted(member ?? ""),
      ...howOf(how),
    };
    return { made, pass: 4, what, end: at + all.length };
  }
  return settingAt(script, at, isRaw);
}

function settingAt(script: string, at: number, isRaw: boolean): Statement | undefined {
  const head = match(FORMS.setting, script, at);
  if (head === undefined) return undefined;
  const role = unquoted(head[1] ?? "");
  const name = unquoted(head[2] ?? "");
  const what = `setting ${printable(name)} of role ${printable(role)}`;
  const start = at + head[0].length;
  if (isRaw && RAW.includes(name)) {
    const end = endOfSettingList(script, start);
    if (end === undefined) return { made: undefined, pass: 3, what, end: nextStatement(script, start) };
    const value = splitSettingList(name, script.slice(start, end));
    return { made: value && { role, name, value }, pass: 3, what, end: end + 1 };
  }
  const values = match(VALUES, script, start);
  if (values === undefined) return { made: undefined, pass: 3, what, end: nextStatement(script, start) };
  const value = [...(values[1] ?? "").matchAll(new RegExp(LITERAL, "g"))].map(([one]) => valueOf(one));
  return { made: { role, name, value }, pass: 3, what, end: start + values[0].length };
}

function howOf(how: string | undefined): Pick<Membership, "admin" | "options"> {
  if (how === undefined || how === "admin option") return { admin: how !== undefined };
  const said = new Map(how.split(", ").map((one) => [one.split(" ")[0], /t(rue)?$/.test(one)]));
  return {
    admin: said.get("admin") ?? false,
    options: { inherit: said.get("inherit") ?? true, set: said.get("set") ?? true },
  };
}

/** Where the next line begins that starts as a statement does. */
function nextStatement(script: string, at: number): number {
  NEXT.lastIndex = at;
  return (NEXT.exec(script)?.index ?? script.length - 1) + 1;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r" };

function valueOf(literal: string): string {
  const text = literal.trimStart();
  const inner = text.slice(text.indexOf("'") + 1, -1).replaceAll("''", "'");
  return text.startsWith("E") ? inner.replaceAll(/\\(.)/g, (_all, letter: string) => ESCAPED[letter] ?? letter) : inner;
}

/** For messages, since a backup's text may contain anything. */
function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function shown(script: string, at: number): string {
  const line = script.slice(at).split("\n", 1)[0] ?? "";
  return `“${printable(line.slice(0, SHOWN))}${line.length > SHOWN ? " …" : ""}”`;
}
