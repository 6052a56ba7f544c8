import { UserError } from "../../services/common/errors.ts";
import {
  countContent,
  listAppSchemas,
  listExtensions,
  listFilledViews,
  listSequences,
} from "../postgres/catalog/catalog.ts";
import { readLargeObjects } from "../postgres/catalog/largeObjects.ts";
import { digestObjects, LATER_KINDS } from "../postgres/catalog/objects.ts";
import { readServerCollation } from "../postgres/catalog/serverCollation.ts";
import { readVaultSecrets } from "../postgres/catalog/vaultSecrets.ts";
import { readPlatformRights } from "../postgres/roles/platformRights.ts";
import type { MeasuredTable } from "../postgres/rows/measureTables.ts";
import { resolveTables } from "../postgres/rows/resolveTables.ts";
import type { Session } from "../postgres/session/database.ts";
import { tableKey } from "../postgres/session/quote.ts";
import { readSystemIdentifier } from "../postgres/session/systemIdentifier.ts";
import { listStorageObjects } from "../project/storeStorage.ts";
import { type BackupKind, type KindContent, KINDS } from "../vault/backupKinds.ts";
import { readScripts } from "./backupParts.ts";
import { listLeftOut } from "./leftOut.ts";

/** Which description {@link describeDatabase} makes. */
export interface DescriptionWish {
  kind: BackupKind;
  /** "schema.table": what a backup of kind critical holds. */
  criticalTables: readonly string[];
  /** Present if the vault is sealed, so that secrets may be stored. */
  sealer?: object | undefined;
}

/** What {@link describeDatabase} finds. */
export type DatabaseDescription = Awaited<ReturnType<typeof describeDatabase>>;

/**
 * Reads everything that the manifest and the parts say about the database except its rows, as the session's snapshot shows it.
 *
 * @throws UserError if a critical table does not exist
 */
export async function describeDatabase(
  session: Session,
  { kind, criticalTables, sealer }: DescriptionWish,
  tables: MeasuredTable[],
) {
  const content = KINDS[kind];
  const vaultContent = await readVaultSecrets(session, sealer !== undefined);
  return {
    systemIdentifier: await readSystemIdentifier(session),
    collation: await readServerCollation(session),
    content: {
      extensions: await listExtensions(session),
      appSchemas: await listAppSchemas(session),
      sequences: await listSequences(session),
      filledViews: await listFilledViews(session),
      seedCounts: await countContent(session),
      objects: await digestObjects(session),
      laterKinds: [...LATER_KINDS],
      ...(content.definitions && { platformRights: await readPlatformRights(session) }),
      ...(content.largeObjects && { largeObjects: await readLargeObjects(session) }),
      leftOut: await listLeftOut(session),
    },
    objects: await listStorageObjects(session),
    vaultContent,
    tables: await tablesOf(session, content, tables, criticalTables),
    scripts: await readScripts(session, vaultContent.secrets),
  };
}

async function tablesOf(
  session: Session,
  { rows }: KindContent,
  tables: MeasuredTable[],
  criticalTables: readonly string[],
): Promise<MeasuredTable[]> {
  if (rows !== "critical") return rows === "all" ? tables : [];
  const critical = await resolveTables(session, criticalTables);
  const missing = critical.filter(({ keys }) => keys.length === 0);
  if (missing.length > 0) {
    throw new UserError(
      `There is no table ${missing.map(({ name }) => name).join(", ")} in ${session.address.database}. Correct \`criticalTables\`.`,
    );
  }
  const wanted = new Set(critical.flatMap(({ keys }) => keys));
  return tables.filter((table) => wanted.has(tableKey(table)));
}
