import { readFileSync } from "node:fs";

import {
  HAS_MEMBERS,
  IS_APP_SCHEMA,
  IS_MANAGED_DATA_SCHEMA,
  IS_POLICY_ON_MANAGED_TABLE,
  isNoMember,
  PLATFORM_OWNERS,
  PLATFORM_ROLES,
} from "../../postgres/catalog/platform.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";

/** What `{{name}}` stands for in the files. */
const FRAGMENTS: Readonly<Record<string, string>> = {
  isAppSchema: IS_APP_SCHEMA,
  hasMembers: HAS_MEMBERS,
  isManagedDataSchema: IS_MANAGED_DATA_SCHEMA,
  isPolicyOnManagedTable: IS_POLICY_ON_MANAGED_TABLE,
  relationIsNoMember: isNoMember("pg_class", "c.oid"),
  functionIsNoMember: isNoMember("pg_proc", "p.oid"),
  typeIsNoMember: isNoMember("pg_type", "t.oid"),
  platformRoles: quoteLiteral(PLATFORM_ROLES),
  platformOwners: quoteLiteral(PLATFORM_OWNERS),
};

/** The text of a file of this folder. */
function textOf(name: string): string {
  return readFileSync(new URL(`./${name}.sql`, import.meta.url), "utf8");
}

/**
 * Reads a file of SQL from this folder and returns a function that fills in values. `{{name}}` stands for a condition of
 * recovery/postgres/catalog/platform.ts or for another file. As in psql, `:'name'` stands for a value as a literal, and `:"name"` for a
 * value as an identifier. A name without a value is an Error.
 *
 * @param name of the file, without ".sql"
 */
export function sqlFile(name: string): (values?: Readonly<Record<string, string>>) => string {
  const text = textOf(name).replaceAll(/\{\{(\w+)\}\}/g, (_, wanted: string) => FRAGMENTS[wanted] ?? textOf(wanted));
  return (values = {}) =>
    text.replaceAll(/(?<!:):(['"])(\w+)\1/g, (_, quote: string, wanted: string) => {
      const value = values[wanted];
      if (value === undefined) throw new Error(`${name}.sql asks for "${wanted}", which has no value`);
      return quote === "'" ? quoteLiteral(value) : quoteIdent(value);
    });
}
