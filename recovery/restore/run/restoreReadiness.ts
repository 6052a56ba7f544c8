import { UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { differencesOfObjects } from "../../postgres/catalog/compareDefinitions.ts";
import { countObjects } from "../../postgres/catalog/objects.ts";
import { IS_APP_SCHEMA, REALTIME_MESSAGES } from "../../postgres/catalog/platform.ts";
import { findPgTool } from "../../postgres/programs/pgTools.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { listDataIn } from "./restoreTarget.ts";

/** Refuses a target that holds anything which a restore would mix with or overwrite. */
export async function refuseData(session: Session): Promise<void> {
  const data = await listDataIn(session);
  if (data.length === 0) return;
  throw new UserError(
    `The target database ${place(session)} holds data (${data.join(", ")}): a restore goes into a new project only.`,
  );
}

/** Refuses a superuser's connection: functions of the backup run as the connected role, and such a one runs programs on the server. */
export async function refuseSuperuser(session: Session, isAllowed = false): Promise<void> {
  if (isAllowed) return;
  const [row] = await session.query<{ superuser: boolean }>(
    "select rolsuper as superuser from pg_catalog.pg_roles where rolname = current_user",
  );
  if (row?.superuser !== true) return;
  throw new UserError(
    `The role "${session.address.user}" of ${place(session)} is a superuser: functions of the backup would run as it, and could run programs on the server. Connect as the role that owns the database and is none, on Supabase "postgres".`,
  );
}

/** Refuses a target that can't take the backup: a server that is too old, no realtime table yet, no pg_restore here that fits. */
export async function refuseUnfit(session: Session, manifest: Manifest): Promise<void> {
  refuseOlderServer(session, manifest);
  await refuseWithoutRealtime(session, manifest);
  await findPgTool("pg_restore", session.serverMajor);
}

/** Refuses a server of an older major version than the backup's. */
function refuseOlderServer(session: Session, manifest: Manifest): void {
  const needed = Number.parseInt(manifest.source.serverVersion, 10);
  if (session.serverMajor >= needed) return;
  throw new UserError(
    `The target server is PostgreSQL ${session.serverMajor}, the backup is of ${needed}: restore into version ${needed} or newer.`,
  );
}

/**
 * Refuses a target without the platform's table that policies of the backup belong to: the project's realtime service makes it, some
 * time after the database is there.
 */
async function refuseWithoutRealtime(session: Session, manifest: Manifest): Promise<void> {
  const policies = countObjects(manifest.objects, "realtime policy");
  if (policies === 0) return;
  const [there] = await session.query<{ name: string | null }>("select to_regclass($1)::text as name", [
    REALTIME_MESSAGES,
  ]);
  if ((there?.name ?? null) !== null) return;
  throw new UserError(
    `The target database ${place(session)} has no table ${REALTIME_MESSAGES} yet, which policies of the backup belong to (${policies}): open Realtime in the project's dashboard, which makes it, and run this again.`,
  );
}

/**
 * Refuses a target for rows alone whose definitions aren't the backup's, whose tables hold rows already, or whose triggers
 * would act on rows that come in as a replica's.
 */
export async function refuseUnlike(session: Session, manifest: Manifest): Promise<void> {
  const differences = await differencesOfObjects(session, manifest);
  if (differences.length > 0) {
    throw new UserError(
      `The target database ${place(session)} is not defined as backup ${manifest.backupId} is (${named(differences)}): rows alone go into equal definitions only. Restore a whole database, or the definitions first (--only schema).`,
    );
  }
  const filled = await filledTables(session, manifest);
  if (filled.length > 0) {
    throw new UserError(
      `The target database ${place(session)} holds rows already (${named(filled)}): rows alone go into empty tables only. For the rows of a live database, run \`castchat-recovery restore tables\`.`,
    );
  }
  const acting = await session.query<{ name: string }>(
    `select format('%I.%I on %I', n.nspname, t.tgname, c.relname) as name from pg_catalog.pg_trigger t
     join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where not t.tgisinternal and t.tgenabled in ('A', 'R') and ${IS_APP_SCHEMA} order by 1`,
  );
  if (acting.length > 0) {
    throw new UserError(
      `The triggers ${named(acting.map(({ name }) => name))} act also on rows that a replica brings, so they would act a second time: disable them, restore, and enable them again.`,
    );
  }
}

async function filledTables(session: Session, manifest: Manifest): Promise<string[]> {
  const found: string[] = [];
  for (const table of manifest.tables) {
    // The platform fills some of its own tables in every project.
    if (table.kind === "managed" && !/^(auth\.users|storage\.objects)$/.test(tableName(table))) continue;
    const rows = await session.query(`select from only ${quoteIdent(table.schema)}.${quoteIdent(table.name)} limit 1`);
    if (rows.length > 0) found.push(tableName(table));
  }
  const objects = await session.query("select from pg_catalog.pg_largeobject_metadata limit 1");
  return objects.length > 0 ? [...found, "large objects"] : found;
}

function place({ address }: Session): string {
  return `${address.host}:${address.port}`;
}
