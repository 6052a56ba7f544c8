import { UserError } from "../../services/common/errors.ts";
import { MAY_READ } from "../postgres/catalog/largeObjects.ts";
import type { Session } from "../postgres/session/database.ts";

const NAMED = 5;

/**
 * Refuses a run whose role may not read every large object: pg_dump would fail half-way.
 *
 * @throws UserError that lists the objects and their owners
 */
export async function refuseUnreadableLargeObjects(session: Session): Promise<void> {
  const found = await session.query<{ oid: string; owner: string; role: string }>(
    `select l.oid::text as oid, pg_catalog.pg_get_userbyid(l.lomowner) as owner, quote_ident(current_user) as role
     from pg_catalog.pg_largeobject_metadata l
     where not ${MAY_READ} order by l.oid`,
  );
  const [first] = found;
  if (first === undefined) return;
  const named = found.slice(0, NAMED).map(({ oid, owner }) => `${oid} (of ${owner})`);
  const more = found.length > NAMED ? ` and ${found.length - NAMED} more` : "";
  throw new UserError(
    `"${session.address.user}" may not read the large objects ${named.join(", ")}${more}. A backup without them would be incomplete. Let their owners grant it SELECT: \`grant select on large object ${first.oid} to ${first.role}\`.`,
  );
}
