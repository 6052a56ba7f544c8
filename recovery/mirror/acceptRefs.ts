import { UserError } from "../../services/common/errors.ts";
import type { Quarantined } from "./record.ts";

/**
 * Full names of the refs that a person means: all that are held back without any name; otherwise those with the full name, or with the name of
 * a branch, tag or note.
 *
 * @throws UserError if a name fits two of them, such as a branch and a tag
 */
export function refsMeant(names: readonly string[], quarantined: readonly Quarantined[]): string[] {
  const refs = [...new Set(quarantined.map(({ ref }) => ref))].sort();
  if (names.length === 0) return refs;
  return names.flatMap((name) => {
    const fitting = refs.filter((ref) => ref === name || ref.replace(/^refs\/(heads|tags|notes)\//, "") === name);
    if (fitting.length > 1) throw new UserError(`"${name}" may be ${fitting.join(" or ")}. Give the full name.`);
    return fitting;
  });
}
