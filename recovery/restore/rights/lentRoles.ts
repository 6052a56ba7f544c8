import { listLendableRoles } from "../../postgres/roles/rolesScript.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent } from "../../postgres/session/quote.ts";

/**
 * Roles that the connected one has granted itself. A superuser's grants count as the first superuser's. Before version 16, a membership has
 * no grantor of its own, and a single revocation removes it.
 */
export async function listOwnGrants(session: Session): Promise<string[]> {
  const found = await session.query<{ name: string }>(
    `select distinct r.rolname::text as name from pg_catalog.pg_auth_members m
     join pg_catalog.pg_roles r on r.oid = m.roleid join pg_catalog.pg_roles me on me.oid = m.member
     where me.rolname = current_user
       and (m.grantor in (me.oid, case when me.rolsuper then 10 else me.oid end) or not to_jsonb(m) ? 'inherit_option') order by 1`,
  );
  return found.map(({ name }) => name);
}

/** Makes the connected role a member of the app's own roles that it may grant. Only members of an owner can rename and drop its objects. */
export async function lendRoles(session: Session, granted: readonly string[]): Promise<void> {
  const lent = (await listLendableRoles(session)).filter((role) => !granted.includes(role));
  if (lent.length > 0) await session.query(`grant ${lent.map(quoteIdent).join(", ")} to current_user`);
}

/** Revokes what the connected role has granted itself, except these. */
export async function takeBackRoles(session: Session, kept: readonly string[]): Promise<void> {
  const lent = (await listOwnGrants(session)).filter((role) => !kept.includes(role));
  if (lent.length > 0) await session.query(`revoke ${lent.map(quoteIdent).join(", ")} from current_user`);
}
