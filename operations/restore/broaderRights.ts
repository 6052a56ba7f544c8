import type { Session } from "../../clients/database.ts";
import { PLATFORM_ROLES } from "../database/platform.ts";
import { RESTORER, comparePlatformRights, describeRight, revokeOf } from "../database/platformRights.ts";
import type { ObjectRight } from "../database/platformRights.ts";
import type { Manifest } from "../vault/manifest.ts";

/** Rights on such objects that the backup's source had not given, in clauses; none where the backup doesn't say which it had. */
export async function broaderRights(session: Session, manifest: Manifest): Promise<string[]> {
  if (manifest.platformRights === undefined) return [];
  const { broader } = await comparePlatformRights(session, manifest.platformRights);
  return broader
    .filter(isFault)
    .map((one) => `${describeRight(one)}, which the source had not given (${revokeOf(one)})`);
}

/**
 * Whether a broader right lets somebody in whom the source had kept out. Not what a new project gives the API's roles on its own tables, which
 * changes from version to version and is the same for everybody; what an extension's function or PostgreSQL's own permits was changed
 * on purpose. `postgres` is who restores.
 */
export function isFault({ right, isPacked }: ObjectRight): boolean {
  if (right.to === RESTORER) return false;
  return isPacked || right.to === null || isOfApp(right.to);
}

/** Whether a role is the app's own. */
export function isOfApp(role: string): boolean {
  return !new RegExp(PLATFORM_ROLES).test(role);
}
