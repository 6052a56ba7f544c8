import { hash } from "node:crypto";

import { z } from "zod";

import { amount } from "../../../services/common/amount.ts";
import type { Session } from "../session/database.ts";
import { type BackupJob, type DescribedDatabase, jobSchema } from "./description.ts";
import type { LeftOut } from "./leftOut.ts";
import { parseStored } from "./parseStored.ts";
import { IS_APP_SCHEMA, IS_MANAGED_DATA_SCHEMA, PLATFORM_OWNERS } from "./platform.ts";

const heldBackSchema = z.object({
  /** The database that the backup was taken of. Its jobs are scheduled in the restored one, whatever its name is. */
  database: z.string(),
  jobs: z.array(jobSchema.omit({ commandSha256: true }).extend({ command: z.string() })),
  publications: z.array(
    z.object({
      name: z.string(),
      allTables: z.boolean(),
      /** insert, update, delete, truncate. */
      operations: z.array(z.string()),
      viaRoot: z.boolean(),
      comment: z.string().nullable(),
      tables: z.array(
        z.object({
          schema: z.string(),
          name: z.string(),
          /** Null for all columns. */
          columns: z.array(z.string()).nullable(),
          /** SQL of the row filter. Null if every row is published. */
          where: z.string().nullable(),
        }),
      ),
      schemas: z.array(z.string()),
    }),
  ),
});

/** What acts on the outside by itself. A restore only creates it when it is released. */
export type HeldBack = z.infer<typeof heldBackSchema>;
/** A job of pg_cron. Its command may hold a secret (a key in a web hook's header), so it is never part of a manifest. */
export type ScheduledJob = HeldBack["jobs"][number];
export type Publication = HeldBack["publications"][number];
export type PublishedTable = Publication["tables"][number];

/** The first PostgreSQL version that can publish schemas, single columns and selected rows. */
const PUBLICATION_DETAILS_SINCE = 15;

/** Jobs and publications as they are in the session's snapshot, sorted. */
export async function readHeldBack(session: Session): Promise<HeldBack> {
  return {
    database: session.address.database,
    jobs: (await hasReadableJobs(session)) ? await listJobs(session) : [],
    publications: await listPublications(session),
  };
}

/** The jobs of the server's databases that this role can see. Fails if there is no pg_cron. */
export async function listJobs(session: Session): Promise<ScheduledJob[]> {
  return await session.query<ScheduledJob>(
    `select jobname::text as name, schedule, command, database, username, active from cron.job order by jobname nulls last, jobid`,
  );
}

/** The app's publications, and the platform's own, such as supabase_realtime, if they publish tables of the app. */
async function listPublications(session: Session): Promise<Publication[]> {
  const ofApp = `(${IS_APP_SCHEMA} or ${IS_MANAGED_DATA_SCHEMA})`;
  const publishesSchema =
    session.serverMajor < PUBLICATION_DETAILS_SINCE
      ? "false"
      : `exists (select from pg_catalog.pg_publication_namespace s join pg_catalog.pg_namespace n on n.oid = s.pnnspid where s.pnpubid = p.oid and ${IS_APP_SCHEMA})`;
  const isWanted = `m.of_app > 0 or p.puballtables or ${publishesSchema} or pg_catalog.pg_get_userbyid(p.pubowner) !~ '${PLATFORM_OWNERS}' and p.pubname !~ '^supabase_'`;
  return await queryPublications(session, ofApp, isWanted);
}

/** Every publication with everything that it publishes. */
export async function listAllPublications(session: Session): Promise<Publication[]> {
  return await queryPublications(session, "true", "true");
}

/** `members` is a condition on `pg_namespace n`, the tables' schemas; `isWanted` one on `pg_publication p`. */
async function queryPublications(session: Session, members: string, isWanted: string): Promise<Publication[]> {
  const detailed = session.serverMajor >= PUBLICATION_DETAILS_SINCE;
  const columns = detailed
    ? `(select json_agg(a.attname order by a.attnum) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum = any (r.prattrs::int2[]))`
    : "null";
  const where = detailed ? "pg_catalog.pg_get_expr(r.prqual, r.prrelid)" : "null";
  const schemas = detailed
    ? `coalesce((select json_agg(o.nspname order by o.nspname) from pg_catalog.pg_publication_namespace s
         join pg_catalog.pg_namespace o on o.oid = s.pnnspid where s.pnpubid = p.oid), '[]')`
    : "'[]'::json";
  return await session.query<Publication>(
    `select p.pubname as name, p.puballtables as "allTables", p.pubviaroot as "viaRoot",
       array_remove(array[case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
         case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end], null) as operations,
       pg_catalog.obj_description(p.oid, 'pg_publication') as comment, m.tables, ${schemas} as schemas
     from pg_catalog.pg_publication p cross join lateral (
       select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.relname, 'columns', ${columns}, 'where', ${where})
           order by n.nspname, c.relname), '[]') as tables,
         count(*) filter (where ${IS_APP_SCHEMA}) as of_app
       from pg_catalog.pg_publication_rel r join pg_catalog.pg_class c on c.oid = r.prrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where r.prpubid = p.oid and ${members}) m
     where ${isWanted} order by 1`,
  );
}

/** Jobs that can't be read, with the reason. */
export async function listLeftOutJobs(session: Session): Promise<LeftOut[]> {
  if (!(await hasRelation(session, "cron", "job")) || (await hasReadableJobs(session))) return [];
  return [
    {
      what: "scheduled jobs (cron.job)",
      why: `"${session.address.user}" may not read them, or row level security hides those of other roles`,
    },
  ];
}

/** Whether a table or view exists, whatever the role's rights are: to_regclass fails if the role may not use the schema. */
export async function hasRelation(session: Session, schema: string, name: string): Promise<boolean> {
  const found = await session.query(
    "select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2",
    [schema, name],
  );
  return found.length > 0;
}

/** Whether pg_cron exists and all of its jobs are visible. */
async function hasReadableJobs(session: Session): Promise<boolean> {
  if (!(await hasRelation(session, "cron", "job"))) return false;
  const [row] = await session.query<{ readable: boolean }>(
    `select case when pg_catalog.has_schema_privilege('cron', 'usage') then pg_catalog.has_table_privilege('cron.job', 'select')
       and not pg_catalog.row_security_active('cron.job') else false end as readable`,
  );
  return row?.readable === true;
}

/** A job as a manifest records it: only the hash of its command. */
export function jobForManifest({ command, ...job }: ScheduledJob): BackupJob {
  return { ...job, commandSha256: hash("sha256", command) };
}

/** What a restored database does not do yet, in a sentence for its notes. Empty if there is nothing. */
export function noteOfHeldBack({ jobs, publications }: Pick<DescribedDatabase, "jobs" | "publications">): string[] {
  if (jobs.length + publications.length === 0) return [];
  return [
    `Held back until \`castchat-recovery resume-jobs\`: ${amount(jobs.length, "scheduled job")} and the publications ${publications.join(", ") || "(none)"}.`,
  ];
}

/** The text that is stored. */
export function heldBackText(heldBack: HeldBack): string {
  return JSON.stringify(heldBack, undefined, 1) + "\n";
}

/**
 * Parses the stored text.
 *
 * @throws PromiseError if it is not of this format
 */
export function parseHeldBack(text: string): HeldBack {
  return parseStored(heldBackSchema, text, "the list of scheduled jobs and publications is");
}
