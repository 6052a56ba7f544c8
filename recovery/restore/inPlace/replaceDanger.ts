import { UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import type { Replacement } from "../../gate/replacement.ts";
import { listTables } from "../../postgres/catalog/catalog.ts";
import { countObjects, digestObjects } from "../../postgres/catalog/objects.ts";
import { REALTIME_MESSAGES } from "../../postgres/catalog/platform.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { sqlFile } from "../sql/sqlFile.ts";

const UNMOVABLE = sqlFile("unmovable");

/** What a replacement destroys, in sentences. */
export async function describeLoss(
  session: Session,
  manifest: Manifest,
  recorded: Replacement | undefined,
): Promise<string[]> {
  const backup = `backup ${manifest.backupId} of ${manifest.snapshotAt}`;
  if (recorded !== undefined && recorded.state !== "begun")
    return [`Going on with the replacement of the whole database by ${backup}, which is in state "${recorded.state}".`];
  const lines = [
    `The whole database is replaced by ${backup}. What is lost, but for the safety backup that is taken first:`,
  ];
  for (const table of await listTables(session)) {
    const [row] = await session.query<{ rows: string }>(
      `select count(*) as rows from only ${quoteIdent(table.schema)}.${quoteIdent(table.name)}`,
    );
    lines.push(`${tableName(table)}: all of its ${row?.rows ?? "?"} rows.`);
  }
  const [objects] = await session.query<{ count: number }>(
    "select count(*)::int as count from pg_catalog.pg_largeobject_metadata",
  );
  if (objects !== undefined && objects.count > 0) lines.push(`${objects.count} large objects.`);
  const policies = countObjects(await digestObjects(session), "realtime policy");
  if (policies > 0 && manifest.laterKinds?.includes("realtime policy") !== true)
    lines.push(`${policies} policies of ${REALTIME_MESSAGES}, which this backup is too old to know: make them again.`);
  return [...lines, "Nobody can use the app until it is done."];
}

/** Refuses a database with what can neither be moved nor renamed, so that it couldn't be put back exactly. */
export async function refuseWhatStays(session: Session): Promise<void> {
  const found = await session.query<{ what: string }>(UNMOVABLE());
  if (found.length === 0) return;
  throw new UserError(
    `This database cannot be set aside because of ${named(found.map(({ what }) => what))}: restore into a new project instead.`,
  );
}
