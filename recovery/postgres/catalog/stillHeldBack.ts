import type { Session } from "../session/database.ts";
import { EVERY_ROW } from "../session/everyRow.ts";
import { tableKey } from "../session/quote.ts";
import {
  type HeldBack,
  heldBackText,
  listAllPublications,
  parseHeldBack,
  type Publication,
  type ScheduledJob,
} from "./heldBack.ts";
import { hasOwnTable, makeOwnTable } from "./ownTables.ts";
import { MARKER_SCHEMA } from "./platform.ts";

const RECORD = `${MARKER_SCHEMA}.held_back`;

/** Notes in a restored database what its restore holds back, so that a backup of it carries that on. Only its owner can read it. */
export async function noteHeldBack(session: Session, heldBack: HeldBack): Promise<void> {
  await makeOwnTable(session, `${RECORD} (one boolean primary key default true check (one), content text not null)`);
  await session.query(
    `insert into ${RECORD} (content) values ($1) on conflict (one) do update set content = excluded.content`,
    [heldBackText(heldBack)],
  );
}

/** Forgets it, once all has been released. */
export async function forgetHeldBack(session: Session): Promise<void> {
  if (await hasOwnTable(session, RECORD)) await session.query(`delete from ${RECORD} ${EVERY_ROW}`);
}

/** What a database has, and what it still holds back of an earlier backup. What it has takes precedence. */
export async function withStillHeldBack(session: Session, now: HeldBack): Promise<HeldBack> {
  if (!(await hasOwnTable(session, RECORD))) return now;
  const [row] = await session.query<{ content: string }>(`select content from ${RECORD}`);
  if (row === undefined) return now;
  const held = parseHeldBack(row.content);
  const left = [...now.jobs];
  const jobs = held.jobs
    .map((job) => ({ ...job, database: job.database === held.database ? now.database : job.database }))
    .filter((job) => {
      const at = left.findIndex((one) =>
        job.name === null ? keyOf(one) === keyOf(job) : one.name === job.name && one.username === job.username,
      );
      // Two jobs without names may be equal.
      return at === -1 || left.splice(at, 1).length === 0;
    });
  const there = new Map((await listAllPublications(session)).map((one) => [one.name, one]));
  const still = await Promise.all(held.publications.map((one) => withoutGone(session, one)));
  const carried = still.map((one) => joined(one, there.get(one.name)));
  const names = new Set(carried.map(({ name }) => name));
  const publications = [...now.publications.filter(({ name }) => !names.has(name)), ...carried];
  return {
    ...now,
    jobs: [...now.jobs, ...jobs],
    publications: publications.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function keyOf({ name, schedule, command, database, username, active }: ScheduledJob): string {
  return JSON.stringify([name, schedule, command, database, username, active]);
}

/** Without tables and schemas that have been dropped since. */
async function withoutGone(session: Session, publication: Publication): Promise<Publication> {
  const rows = await session.query<{ schema: string; name: string | null }>(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_namespace n
     left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p')
     where n.nspname = any ($1::text[])`,
    [[...publication.schemas, ...publication.tables.map(({ schema }) => schema)]],
  );
  const schemas = new Set(rows.map(({ schema }) => schema));
  const tables = new Set(rows.flatMap(({ schema, name }) => (name === null ? [] : [tableKey({ schema, name })])));
  return {
    ...publication,
    schemas: publication.schemas.filter((schema) => schemas.has(schema)),
    tables: publication.tables.filter((table) => tables.has(tableKey(table))),
  };
}

/** A held publication with what has been added to the one of that name, such as a new project's empty supabase_realtime. */
function joined(held: Publication, now: Publication | undefined): Publication {
  if (now === undefined || (!now.allTables && now.tables.length + now.schemas.length === 0)) return held;
  const keys = new Set(now.tables.map(tableKey));
  return {
    ...now,
    tables: [...now.tables, ...held.tables.filter((table) => !keys.has(tableKey(table)))],
    schemas: [...new Set([...now.schemas, ...held.schemas])].sort(),
  };
}
