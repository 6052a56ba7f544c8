import { UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { until } from "../../../services/common/polling.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { differencesOfObjects } from "../../postgres/catalog/compareDefinitions.ts";
import { countObjects } from "../../postgres/catalog/objects.ts";
import { IS_APP_SCHEMA, REALTIME_MESSAGES } from "../../postgres/catalog/platform.ts";
import { findPgTool } from "../../postgres/programs/pgTools.ts";
import type { Session } from "../../postgres/session/database.ts";
import { placeOf } from "../../postgres/session/databaseUrl.ts";
import { quoteTable, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { listDataIn } from "./restoreTarget.ts";

/** Refuses a target that holds anything which a restore would mix with or overwrite. */
export async function refuseData(session: Session): Promise<void> {
  const data = await listDataIn(session);
  if (data.length === 0) return;
  throw new UserError(
    `The target database ${placeOf(session.address)} holds data (${data.join(", ")}), and a restore goes into a new project only. A live database is put back by \`castchat-recovery restore in-place\`, and rows of single tables by \`castchat-recovery restore tables\`.`,
  );
}

/** Refuses a superuser's connection. The backup's functions run as the connected role, and a superuser's can run programs on the server. */
export async function refuseSuperuser(session: Session, isAllowed = false): Promise<void> {
  if (isAllowed) return;
  const [row] = await session.query<{ superuser: boolean }>(
    "select rolsuper as superuser from pg_catalog.pg_roles where rolname = current_user",
  );
  if (row?.superuser !== true) return;
  throw new UserError(
    `The role "${session.address.user}" of ${placeOf(session.address)} is a superuser. Functions of the backup would run as it and could run programs on the server. Connect as the role that owns the database and is not a superuser, on Supabase "postgres".`,
  );
}

/** Refuses a target that cannot take the backup: an older server, or no pg_restore here that fits the server. */
export async function refuseUnfit(session: Session, manifest: Manifest): Promise<void> {
  const needed = Number.parseInt(manifest.source.serverVersion, 10);
  if (session.serverMajor < needed) {
    throw new UserError(
      `The target server is PostgreSQL ${session.serverMajor}, the backup is of ${needed}. Restore into version ${needed} or newer.`,
    );
  }
  await findPgTool("pg_restore", session.serverMajor);
}

/**
 * Waits for the realtime service's table if the backup has policies on it. The service makes it some time after the database, and the host
 * of the database has woken it (databaseHost.ts). Without the table these policies are left out and named.
 */
export async function awaitRealtime(
  session: Session,
  manifest: Manifest,
  { reporter, signal }: { reporter: Reporter; signal: AbortSignal },
): Promise<void> {
  if (countObjects(manifest.objects, "realtime policy") === 0 || (await hasRealtime(session))) return;
  reporter(`Waiting for the project's Realtime service to make its table ${REALTIME_MESSAGES}`);
  const { realtimeEveryMs: everyMs, realtimeMs: limitMs } = session.timing;
  await until(() => hasRealtime(session), { everyMs, limitMs, signal });
}

async function hasRealtime(session: Session): Promise<boolean> {
  const query = "select to_regclass($1)::text as name";
  const [there] = await session.query<{ name: string | null }>(query, [REALTIME_MESSAGES]);
  return (there?.name ?? null) !== null;
}

/**
 * Refuses a target for rows without definitions if its definitions are not the backup's, if its tables hold rows, or if its triggers would
 * fire on rows that come in as a replica's.
 */
export async function refuseUnlike(session: Session, manifest: Manifest): Promise<void> {
  const target = `The target database ${placeOf(session.address)}`;
  const differences = await differencesOfObjects(session, manifest);
  if (differences.length > 0) {
    throw new UserError(
      `${target} is not defined as backup ${manifest.backupId} is (${named(differences)}), and rows without definitions need equal definitions. Restore a whole database, or the definitions first (--only schema).`,
    );
  }
  const filled = await filledTables(session, manifest);
  if (filled.length > 0) {
    throw new UserError(
      `${target} holds rows already (${named(filled)}), and rows without definitions go into empty tables only. For the rows of a live database, run \`castchat-recovery restore tables\`.`,
    );
  }
  await refuseActing(session);
}

/**
 * Refuses triggers and rules that act even on rows that come in as a replica's: triggers would act a second time, and rules could change
 * other tables.
 *
 * @param tables @default - all of the app
 */
export async function refuseActing(
  session: Session,
  tables?: readonly { schema: string; name: string }[],
): Promise<void> {
  const acting = await session.query<{ name: string }>(
    `select format('%s %I on %I.%I', acting.kind, acting.name, n.nspname, c.relname) as name from (
       select 'trigger' as kind, tgname as name, tgrelid as of, tgenabled as enabled from pg_catalog.pg_trigger where not tgisinternal
       union all select 'rule', rulename, ev_class, ev_enabled from pg_catalog.pg_rewrite where rulename <> '_RETURN') acting
     join pg_catalog.pg_class c on c.oid = acting.of join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where acting.enabled in ('A', 'R') and ${tables === undefined ? IS_APP_SCHEMA : "c.oid = any ($1::pg_catalog.regclass[])"} order by 1`,
    tables && [tables.map(quoteTable)],
  );
  if (acting.length === 0) return;
  throw new UserError(
    `These act also on rows that a replica brings, so they would act a second time: ${named(acting.map(({ name }) => name))}. Disable them, restore, and enable them again.`,
  );
}

async function filledTables(session: Session, manifest: Manifest): Promise<string[]> {
  const found: string[] = [];
  for (const table of manifest.tables) {
    // The platform fills some of its own tables in every project.
    if (table.kind === "managed" && !/^(auth\.users|storage\.objects)$/.test(tableName(table))) continue;
    const rows = await session.query(`select from only ${quoteTable(table)} limit 1`);
    if (rows.length > 0) found.push(tableName(table));
  }
  const objects = await session.query("select from pg_catalog.pg_largeobject_metadata limit 1");
  return objects.length > 0 ? [...found, "large objects"] : found;
}
