import { PLATFORM_ROLES } from "../../postgres/catalog/platform.ts";
import { RESTORER } from "../../postgres/roles/platformObjects.ts";
import {
  comparePlatformRights,
  describeRight,
  type ObjectRight,
  revokeOf,
} from "../../postgres/roles/platformRights.ts";
import type { Session } from "../../postgres/session/database.ts";
import type { Manifest } from "../../vault/manifest.ts";

/** The CLI's flag by which an operator accepts {@link broaderRights}. */
export const ACCEPT_FLAG = "--accept-broader-rights";

/**
 * Rights on what the platform and extensions have made that let in a role which the backup's source had kept out, in clauses. None if the
 * backup does not record its source's rights.
 */
export async function broaderRights(session: Session, manifest: Manifest): Promise<string[]> {
  const { broader } = await comparePlatformRights(session, manifest);
  return broader.filter(isFault).map((one) => {
    const remedy = `have the owner run "${revokeOf(one)}", or accept it by ${ACCEPT_FLAG}`;
    return `${describeRight(one)}, which the source had not given (${remedy})`;
  });
}

/**
 * Whether a broader right lets in a role which the source had kept out. A new project grants the API's roles rights that change from
 * version to version and are the same in every project: they are a fault only if the source had changed what an extension or PostgreSQL
 * permits. `postgres` is the restoring role.
 */
export function isFault({ right, wasChanged }: ObjectRight): boolean {
  if (right.to === RESTORER) return false;
  return wasChanged || right.to === null || isOfApp(right.to);
}

/** Whether a role is the app's own. */
export function isOfApp(role: string): boolean {
  return !new RegExp(PLATFORM_ROLES).test(role);
}
