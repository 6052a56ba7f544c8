import { IS_APP_SCHEMA, PLATFORM_ROLES } from "../../postgres/catalog/platform.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteLiteral } from "../../postgres/session/quote.ts";

/** Pairs of a schema of the app and a role of the app that does not own it, as far as the connected role may grant rights there. */
const PAIRS = `pg_catalog.pg_namespace n cross join pg_catalog.pg_roles r
  where ${IS_APP_SCHEMA} and r.rolname !~ '${PLATFORM_ROLES}' and not r.rolsuper and n.nspowner <> r.oid and pg_catalog.pg_has_role(n.nspowner, 'usage')`;

/**
 * Lends roles the right to own things in the app's schemas, and to use what these refer to: owners are set before rights are granted, and
 * what they own runs as them.
 */
export async function lendSchemas(session: Session, roles: readonly string[]): Promise<void> {
  const rows = await session.query<{ command: string }>(
    `select format('grant usage, create on schema %I to %I', n.nspname, r.rolname) as command from ${PAIRS} and r.rolname = any ($1::text[])`,
    [roles],
  );
  if (rows.length > 0) await session.query(rows.map(({ command }) => command).join("; "));
}

/**
 * A statement that takes back what {@link lendSchemas} has lent, and any other right of the app's roles on the app's schemas. The backup's own
 * rights are granted after it.
 */
export const TAKE_SCHEMAS_BACK = `do ${quoteLiteral(`declare command text; begin
  for command in select format('revoke usage, create on schema %I from %I', n.nspname, r.rolname) from ${PAIRS}
    and exists (select from pg_catalog.aclexplode(n.nspacl) a where a.grantee = r.oid)
  loop execute command; end loop; end`)};
`;
