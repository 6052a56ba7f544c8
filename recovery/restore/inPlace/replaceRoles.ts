import { listLendableRoles } from "../../postgres/roles/rolesScript.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent } from "../../postgres/session/quote.ts";

/**
 * Roles that the connected one has granted itself. What a superuser grants is the first superuser's; before version 16 a membership is
 * one, whoever has granted it, and goes with a single revocation.
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

/** Makes the connected role a member of the app's own ones that it may grant: what belongs to a role, only its members can rename and drop. */
export async function lendRoles(session: Session, granted: readonly string[]): Promise<void> {
  const lent = (await listLendableRoles(session)).filter((role) => !granted.includes(role));
  if (lent.length > 0) await session.query(`grant ${lent.map(quoteIdent).join(", ")} to current_user`);
}

/** Takes back what it has granted itself, but for these. */
export async function takeBackRoles(session: Session, kept: readonly string[]): Promise<void> {
  const lent = (await listOwnGrants(session)).filter((role) => !kept.includes(role));
  if (lent.length > 0) await session.query(`revoke ${lent.map(quoteIdent).join(", ")} from current_user`);
}
