import { UserError } from "../../services/common/errors.ts";

const TABLE = /^(?:"(?:[^"]|"")+"|[^".,\s]+)\.(?:"(?:[^"]|"")+"|[^".,\s]+)$/;

/** Refuses names that are no `schema.table`, quoted as in SQL. UserError with all of them. */
export function refuseOtherNames(names: readonly string[]): void {
  const faults = names.filter((name) => !TABLE.test(name));
  if (faults.length === 0) return;
  throw new UserError(
    `${faults.map((name) => `"${name}"`).join(", ")} names no table. Write schema.table, with a space between two tables, as in: public.posts 'public."My table"'.`,
  );
}
