import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteTable } from "../../postgres/session/quote.ts";
import { castOf, confinedSql, type TableOfOther, withConfinement } from "../rights/confined.ts";
import { lendRoles, listOwnGrants, takeBackRoles } from "../rights/lentRoles.ts";
import type { TableBeside } from "./restoreTablesRecord.ts";

/**
 * Inserts the rows of the staging schema into the live tables, within the swap's transaction. A table of another role gets them as that
 * role, since its CHECKs, generated columns, domains and indexes run as the role that inserts (confined.ts).
 */
export async function insertStaged(session: Session, tables: readonly TableBeside[]): Promise<void> {
  const owners = tables.flatMap(({ other }) => (other === undefined ? [] : [other.owner]));
  const granted = await listOwnGrants(session);
  if (owners.length > 0) await lendRoles(session, granted);
  await withConfinement(session, owners, async () => {
    for (const one of tables) {
      const insert = insertSql(one);
      if (one.other === undefined) await session.query(insert);
      else await insertAsOwner(session, one, one.other, insert);
    }
  });
  if (owners.length > 0) await takeBackRoles(session, granted);
}

function insertSql({ table, beside, other }: TableBeside): string {
  const columns = table.columns.map(quoteIdent).join(", ");
  const list = columns === "" ? "" : `(${columns}) overriding system value`;
  const values = table.columns.map((column) => `${quoteIdent(column)}${castOf(other, column)}`).join(", ");
  return `insert into ${quoteTable(table)} ${list} select ${values} from ${quoteTable(beside)}`;
}

/** Lends the owner what it lacks to insert all rows, and takes that back. The staging schema is removed afterwards. */
async function insertAsOwner(
  session: Session,
  { table, beside }: TableBeside,
  { owner }: TableOfOther,
  insert: string,
): Promise<void> {
  const [name, role, schema] = [quoteTable(table), quoteIdent(owner), quoteIdent(table.schema)];
  const [facts] = await session.query<{ enters: boolean; forced: boolean }>(
    `select pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'usage') as enters, c.relrowsecurity and c.relforcerowsecurity and not r.rolbypassrls as forced
     from pg_catalog.pg_class c, pg_catalog.pg_roles r where c.oid = $1::pg_catalog.regclass and r.rolname = $2`,
    [name, owner],
  );
  const isForced = facts?.forced === true;
  const statements = [
    `grant usage on schema ${quoteIdent(beside.schema)} to ${role}`,
    `grant select on ${quoteTable(beside)} to ${role}`,
    ...(facts?.enters === true ? [] : [`grant usage on schema ${schema} to ${role}`]),
    ...(isForced ? [`alter table only ${name} no force row level security`] : []),
    confinedSql(owner, insert),
    ...(isForced ? [`alter table only ${name} force row level security`] : []),
    ...(facts?.enters === true ? [] : [`revoke usage on schema ${schema} from ${role}`]),
  ];
  await session.query(statements.join("; "));
}
