import { PLATFORM_ROLES } from "../../postgres/catalog/platform.ts";
import {
  comparePlatformRights,
  describeRight,
  type ObjectRight,
  RESTORER,
  revokeOf,
} from "../../postgres/roles/platformRights.ts";
import type { Session } from "../../postgres/session/database.ts";
import type { Manifest } from "../../vault/manifest.ts";

/** What lets a restore end although a right is broader ({@link broaderRights}): the operator's word, as a flag of the CLI. */
export const ACCEPT_FLAG = "--accept-broader-rights";

/**
 * Rights on what the platform and extensions have made that let in whom the backup's source had kept out, in clauses; none where the
 * backup doesn't say which it had.
 */
export async function broaderRights(session: Session, manifest: Manifest): Promise<string[]> {
  const { broader } = await comparePlatformRights(session, manifest);
  return broader
    .filter(isFault)
    .map(
      (one) =>
        `${describeRight(one)}, which the source had not given (have the owner run "${revokeOf(one)}", or accept it by ${ACCEPT_FLAG})`,
    );
}

/**
 * Whether a broader right lets in whom the source had kept out. What a new project gives the API's roles by itself changes from version to
 * version and is the same for everybody: that is a fault only where the source had changed what an extension or PostgreSQL permits. `postgres` is who
 * restores.
 */
export function isFault({ right, wasChanged }: ObjectRight): boolean {
  if (right.to === RESTORER) return false;
  return wasChanged || right.to === null || isOfApp(right.to);
}

/** Whether a role is the app's own. */
export function isOfApp(role: string): boolean {
  return !new RegExp(PLATFORM_ROLES).test(role);
}
