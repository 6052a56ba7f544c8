import { amount } from "../../../services/common/amount.ts";
import { UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import type { Replacement } from "../../gate/replacement.ts";
import { listTables } from "../../postgres/catalog/catalog.ts";
import type { Publication } from "../../postgres/catalog/heldBack.ts";
import { countObjects, digestObjects } from "../../postgres/catalog/objects.ts";
import { REALTIME_MESSAGES } from "../../postgres/catalog/platform.ts";
import { isPrivileged } from "../../postgres/roles/privilegedRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { tableKey, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { countRows } from "../run/restoreTarget.ts";
import { sqlFile } from "../sql/sqlFile.ts";

const DEPENDENTS_OUTSIDE = sqlFile("dependentsOutside");
const UNMOVABLE = sqlFile("unmovable");

/** What a replacement deletes, in sentences. */
export async function describeLoss(
  session: Session,
  manifest: Manifest,
  recorded: Replacement | undefined,
): Promise<string[]> {
  const backup = `backup ${manifest.backupId} of ${manifest.snapshotAt}`;
  if (recorded !== undefined && recorded.state !== "begun")
    return [`The replacement of the whole database by ${backup} continues in state "${recorded.state}".`];
  const lines = [
    `The whole database is replaced by ${backup}. A safety backup is taken first. All of this is deleted and is then only in that backup:`,
  ];
  for (const table of await listTables(session)) {
    const rows = await countRows(session, table);
    const backedUp = manifest.tables.find((one) => tableKey(one) === tableKey(table));
    const brought = backedUp === undefined ? "does not have the table" : `brings ${backedUp.rows}`;
    if (rows > 0) lines.push(`${tableName(table)}: all of its ${amount(rows, "row")}; the backup ${brought}.`);
  }
  lines.push(`\`castchat-recovery assess --backup ${manifest.backupId}\` compares them row by row.`);
  const [objects] = await session.query<{ count: number }>(
    "select count(*)::int as count from pg_catalog.pg_largeobject_metadata",
  );
  if (objects !== undefined && objects.count > 0) lines.push(`${amount(objects.count, "large object")}.`);
  const policies = countObjects(await digestObjects(session), "realtime policy");
  if (policies > 0 && manifest.laterKinds?.includes("realtime policy") !== true)
    lines.push(
      `${amount(policies, "policy", "policies")} of ${REALTIME_MESSAGES}, which this backup is too old to contain. Create what you need again afterwards.`,
    );
  return [...lines, "The app is down until the replacement is finished."];
}

/** Refuses a database with objects that cannot be moved or renamed, since they could not be put back exactly. */
export async function refuseWhatStays(session: Session): Promise<void> {
  const found = await session.query<{ what: string }>(UNMOVABLE());
  if (found.length === 0) return;
  throw new UserError(
    `This database cannot be set aside because of ${named(found.map(({ what }) => what))}. Restore into a new project instead.`,
  );
}

/**
 * Refuses a database in which something outside of the app's schemas depends on the app, such as a view or a foreign key in `extensions`. It
 * would be dropped with the old state, and no backup can make it again. UserError that names it.
 */
export async function refuseDependents(session: Session): Promise<void> {
  const found = await session.query<{ what: string }>(DEPENDENTS_OUTSIDE());
  if (found.length === 0) return;
  throw new UserError(
    `These objects outside of the app's schemas depend on it, so they would be dropped with the old state, and no backup holds them: ${named(found.map(({ what }) => what))}. Save their definitions, drop them, run the same command again, and create them again afterwards. Or restore into a new project.`,
  );
}

/**
 * Refuses publications of the backup that the connected role may not make, before the gate closes: the last transaction would fail on them.
 * Source: "Notes" in https://www.postgresql.org/docs/current/sql-createpublication.html. UserError that names them.
 */
export async function refusePublications(session: Session, publications: readonly Publication[]): Promise<void> {
  const superusers = publications.filter(({ allTables, schemas }) => allTables || schemas.length > 0);
  if (superusers.length === 0) return;
  if (await isPrivileged(session)) return;
  throw new UserError(
    `Only a superuser may make these publications of the backup, which publish all tables or whole schemas: ${named(superusers.map(({ name }) => name))}. Restore into a new project instead, which holds publications back.`,
  );
}
