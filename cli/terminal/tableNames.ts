import { UserError } from "../../services/common/errors.ts";

/** The tables of a list such as `public.posts,public."My, table"`: split at commas outside of quotes. UserError where one is no schema.table. */
export function tableNames(text: string): string[] {
  const names = (text.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? [])
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const faults = names.filter((name) => !/^(?:"(?:[^"]|"")+"|[^".\s]+)\.(?:"(?:[^"]|"")+"|[^".\s]+)$/.test(name));
  if (names.length === 0 || faults.length > 0)
    throw new UserError(
      `--tables ${faults.join(", ") || text} names no table: write schema.table, as in public.posts or public."My table".`,
    );
  return names;
}
