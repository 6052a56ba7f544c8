import { z } from "zod";

import { amount } from "../../../services/common/amount.ts";
import { UserError } from "../../../services/common/errors.ts";
import type { Session } from "../session/database.ts";
import { count } from "./description.ts";

/** Count, size and fingerprint of a database's large objects. */
export const largeObjectsSchema = z.object({
  count,
  bytes: count,
  /** Sum of a hash of each object's number and content. It does not depend on their order. */
  fingerprint: z.string(),
});
type LargeObjects = z.infer<typeof largeObjectsSchema>;

/** Bytes that are read at once, so that no object is in the server's memory as a whole. */
const PIECE = 1_048_576;
/** As lo_open and lo_lseek64 take them. */
const INV_READ = 262_144;
const SEEK_END = 2;
/** Objects that a refusal names. */
const NAMED = 5;

/** SQL condition on `pg_largeobject_metadata l`: this role may read it. */
const MAY_READ = `(pg_catalog.pg_has_role(l.lomowner, 'usage') or current_setting('lo_compat_privileges') <> 'off'
  or exists (select from pg_catalog.aclexplode(l.lomacl) a
    where a.privilege_type = 'SELECT' and (a.grantee = 0 or pg_catalog.pg_has_role(a.grantee, 'usage'))))`;

/** Reads every large object in the session's snapshot. One that this role may not read differs from any that was read. */
export async function readLargeObjects(session: Session): Promise<LargeObjects> {
  const [row] = await session.query<LargeObjects>(
    `select count(*)::int as count, coalesce(sum(size), 0)::float8 as bytes,
         coalesce(sum(('x' || left(md5(concat_ws(' ', oid, size, digest)), 16))::bit(64)::bigint), 0)::text as fingerprint
       from (
         select l.oid, opened.size, (
             select string_agg(md5(pg_catalog.lo_get(l.oid, place, ${PIECE})), '' order by place)
               from generate_series(0::bigint, opened.size - 1, ${PIECE}) place) as digest
           from pg_catalog.pg_largeobject_metadata l
           cross join lateral (
             select size, pg_catalog.lo_close(fd) from (
               select fd, pg_catalog.lo_lseek64(fd, 0, ${SEEK_END}) as size
                 from (select case when ${MAY_READ} then pg_catalog.lo_open(l.oid, ${INV_READ}) end as fd offset 0) one offset 0
             ) measured offset 0
           ) opened
       ) each_one`,
  );
  if (row === undefined) throw new Error("the server returned no row about its large objects");
  return row;
}

/** What differs about the large objects, in clauses. Empty if the backup is older than this check. */
export async function compareLargeObjects(session: Session, expected: LargeObjects | undefined): Promise<string[]> {
  if (expected === undefined) return [];
  const found = await readLargeObjects(session);
  const there = `there ${found.count === 1 ? "is" : "are"} ${amount(found.count, "large object")}`;
  if (found.count !== expected.count) return [`${there} instead of ${expected.count}`];
  return found.fingerprint === expected.fingerprint ? [] : [`${there} as in the backup, but with other content`];
}

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
