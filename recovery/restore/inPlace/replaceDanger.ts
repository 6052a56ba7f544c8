import { UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import type { Replacement } from "../../gate/replacement.ts";
import { listTables } from "../../postgres/catalog/catalog.ts";
import { countObjects, digestObjects } from "../../postgres/catalog/objects.ts";
import { HAS_MEMBERS, IS_APP_SCHEMA, isNoMember, REALTIME_MESSAGES } from "../../postgres/catalog/platform.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";

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
  const isOwn = (catalog: string, oid: string) =>
    `${oid} >= 16384 and not exists (select from pg_catalog.pg_depend m where m.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and m.objid = ${oid} and m.deptype = 'e')`;
  const found = await session.query<{ what: string }>(
    `select format('the cast from %s to %s', c.castsource::pg_catalog.regtype, c.casttarget::pg_catalog.regtype) as what from pg_catalog.pg_cast c
       where ${isOwn("pg_cast", "c.oid")} and not exists (select from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
         where t.oid in (c.castsource, c.casttarget) and ${IS_APP_SCHEMA})
     union all select format('the language %I', l.lanname) from pg_catalog.pg_language l where ${isOwn("pg_language", "l.oid")}
     union all select format('the access method %I', a.amname) from pg_catalog.pg_am a where ${isOwn("pg_am", "a.oid")}
     union all select format('the subscription %I', s.subname) from pg_catalog.pg_stat_subscription s where s.subname is not null
     union all select format('%s, which the restoring role does not own', c.oid::pg_catalog.regclass) from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${IS_APP_SCHEMA} and not pg_catalog.pg_has_role(c.relowner, 'usage')
         and (n.nspname = 'public') and not exists (select from pg_catalog.pg_depend m where m.objid = c.oid and m.deptype = 'e')
     -- Its constructor functions belong to the server's superuser whoever has made it, so nobody else can move them.
     union all select format('the range type %s', t.oid::pg_catalog.regtype) from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
       where t.typtype = 'r' and ${IS_APP_SCHEMA} and (n.nspname = 'public' or ${HAS_MEMBERS}) and ${isNoMember("pg_type", "t.oid")}
     order by 1`,
  );
  if (found.length === 0) return;
  throw new UserError(
    `This database cannot be set aside because of ${named(found.map(({ what }) => what))}: restore into a new project instead.`,
  );
}
