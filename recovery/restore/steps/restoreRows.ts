import { workers } from "../../../services/common/pool.ts";
import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { actAsReplica } from "../../postgres/catalog/replicaRole.ts";
import { copyInSql } from "../../postgres/rows/tableReading.ts";
import type { Session } from "../../postgres/session/database.ts";
import { EVERY_ROW } from "../../postgres/session/everyRow.ts";
import { quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import type { BackupChunk } from "../../vault/manifest.ts";
import { readChunk, releaseSections, type SectionRows } from "../../vault/readChunk.ts";
import { copyConfined, listTablesOfOthers, type TableOfOther, withConfinement } from "../rights/confined.ts";
import { clearJournal, journaled } from "../run/journal.ts";
import { countRows } from "../run/restoreTarget.ts";
import { inOwnSession, type RestoreWork } from "../run/restoring.ts";
import { copyFitted, findFits, type Fits, type RowTarget } from "./fitRows.ts";
import { RowProgress } from "./rowProgress.ts";

/** Which rows are brought, and how. */
export interface RestoreRowsOptions extends RestoreWork {
  /** Keys of the chunks that are in the target already. */
  done: ReadonlySet<string>;
  /**
   * The app's tables have their triggers and foreign keys already, which then do not act on the rows. Those of other tables never do.
   */
  asReplica?: boolean | undefined;
  /** Brings only the rows of these tables, by {@link tableKey}, each into the table given for it. */
  into?: ReadonlyMap<string, RowTarget> | undefined;
}

/** Connections beside the leading one. */
const WRITERS = 3;

/**
 * Brings the rows into the tables, several chunks at once. A chunk is compared with its SHA-256 before any of its rows is sent. Its rows
 * and its line in the journal are committed together, so that a resumed restore never brings a chunk twice. A table of another role gets
 * its rows as that role if they run expressions of it.
 */
export async function restoreRows(options: RestoreRowsOptions): Promise<void> {
  const { manifest, done, into, signal } = options;
  const isWanted = (chunk: BackupChunk) => into === undefined || chunk.sections.some((one) => into.has(tableKey(one)));
  const wanted = manifest.chunks.filter(isWanted);
  const queue = wanted.filter((chunk) => !done.has(chunk.key));
  const progress = new RowProgress(wanted, queue, options.reporter);
  const tables = into ?? new Map<string, RowTarget>(manifest.tables.map((table) => [tableKey(table), table]));
  const keys = new Set([...tables.values()].map(tableKey));
  const confined = new Map(
    [...(await listTablesOfOthers(options.session))].filter(([key, { runs }]) => runs && keys.has(key)),
  );
  const fits: Fits =
    into === undefined ? await findFits(options.session, options.restoreId, manifest) : new Map<string, never>();
  const write = (inner: AbortSignal) => {
    const fetchNext = (): Fetched | undefined => {
      const chunk = queue.shift();
      if (chunk === undefined) return undefined;
      const content = readChunk(options, chunk, inner);
      // Awaited when its turn comes. A failure before that must not end the process.
      content.catch(() => undefined);
      return { chunk, content };
    };
    // While the session opens, the first chunk is fetched. While the server takes one chunk, the next one is.
    let fetched = fetchNext();
    return inOwnSession(options, { signal: inner }, async (session) => {
      while (fetched !== undefined) {
        const { chunk } = fetched;
        const sections = await fetched.content;
        fetched = fetchNext();
        await writeChunk(session, options, chunk, sections, { tables, confined, fits });
        releaseSections(sections);
        progress.add(chunk);
      }
    });
  };
  const owners = [...confined.values()].map(({ owner }) => owner);
  await withConfinement(options.session, owners, () => workers(Math.min(WRITERS, queue.length), signal, write));
}

interface Fetched {
  chunk: BackupChunk;
  content: Promise<SectionRows[]>;
}

/** Where the rows go, and which tables take them otherwise. */
interface Targets {
  tables: ReadonlyMap<string, RowTarget>;
  confined: ReadonlyMap<string, TableOfOther>;
  fits: Fits;
}

async function writeChunk(
  session: Session,
  { restoreId, asReplica, into }: RestoreRowsOptions,
  chunk: BackupChunk,
  sections: readonly SectionRows[],
  { tables, confined, fits }: Targets,
): Promise<void> {
  await journaled(session, restoreId, chunk.key, async () => {
    // Only a replica's rows are free of triggers and foreign keys of tables that belong to the platform.
    const ofOthers = chunk.kind !== "app" && into === undefined;
    if (ofOthers || asReplica === true) await session.query("set local session_replication_role = replica");
    for (const { section, rows } of sections) {
      const table = tables.get(tableKey(section));
      if (table === undefined && into !== undefined) continue;
      if (table === undefined)
        throw new Error(`${chunk.key} holds rows of ${tableName(section)}, which is not a table of the backup`);
      const other = confined.get(tableKey(table));
      const fit = fits.get(tableKey(table));
      if (fit !== undefined) await copyFitted(session, restoreId, table, fit, { key: chunk.key, rows });
      else if (other !== undefined) await copyConfined(session, other, table, rows);
      else await session.copyIn(copyInSql(table), rows, table.format);
    }
  });
}

/**
 * Brings the rows of unlogged tables again that a crash of the server has emptied: their chunks are in the journal, which is logged,
 * although the rows are gone. Call it once every chunk is in the journal.
 */
export async function bringLostRows(work: RestoreWork): Promise<void> {
  const { session } = work;
  const lost = await listLost(session, work.manifest.tables);
  if (lost.length === 0) return;
  const restoreId = `${work.restoreId} unlogged`;
  await clearJournal(session, restoreId);
  await inTransaction(session, async () => {
    await actAsReplica(session, lost);
    for (const table of lost) await session.query(`delete from only ${quoteTable(table)} ${EVERY_ROW}`);
  });
  const into = new Map(lost.map((table) => [tableKey(table), table]));
  await restoreRows({ ...work, restoreId, done: new Set(), into, asReplica: true });
  await clearJournal(session, restoreId);
}

async function listLost(session: Session, tables: readonly BackedUpTable[]): Promise<BackedUpTable[]> {
  const unlogged = await session.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relpersistence = 'u'`,
  );
  const keys = new Set(unlogged.map(tableKey));
  const lost: BackedUpTable[] = [];
  for (const table of tables)
    if (keys.has(tableKey(table)) && (await countRows(session, table)) !== table.rows) lost.push(table);
  return lost;
}
