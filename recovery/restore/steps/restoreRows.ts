import { workers } from "../../../services/common/pool.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { copyInSql } from "../../postgres/rows/tableReading.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { tableKey, tableName } from "../../postgres/session/quote.ts";
import type { BackupSource } from "../../vault/backupSource.ts";
import type { BackupChunk } from "../../vault/manifest.ts";
import { readChunk, releaseSections, type SectionRows } from "../../vault/readChunk.ts";
import { journaled } from "../run/journal.ts";
import { RowProgress } from "./rowProgress.ts";

/** Where the rows go. */
export interface RestoreRowsOptions extends BackupSource {
  /** The leading session. */
  session: Session;
  targetUrl: string;
  restoreId: string;
  applicationName: string;
  /** Keys of the chunks that are in the target already. */
  done: ReadonlySet<string>;
  /** Neither triggers nor foreign keys act, as the tables have theirs already. Those of tables that aren't the app's never do. */
  asReplica?: boolean | undefined;
  /** Brings the rows of these tables alone, by {@link tableKey}, each into the table given for it. */
  into?: ReadonlyMap<string, RowTarget> | undefined;
  reporter: Reporter;
  signal: AbortSignal;
}

/** Where a table's rows go. */
export type RowTarget = Pick<BackedUpTable, "schema" | "name" | "columns" | "format">;

/** Connections beside the leading one. */
const WRITERS = 3;

/**
 * Brings the rows into the tables, several chunks at once. A chunk is compared with its SHA-256 before any of its rows is
 * sent; its rows and its line in the journal are committed together, so that a restore which goes on never brings one twice.
 */
export async function restoreRows(options: RestoreRowsOptions): Promise<void> {
  const { session: leader, manifest, targetUrl, applicationName, done, into, signal } = options;
  const isWanted = (chunk: BackupChunk) => into === undefined || chunk.sections.some((one) => into.has(tableKey(one)));
  const wanted = manifest.chunks.filter(isWanted);
  const queue = wanted.filter((chunk) => !done.has(chunk.key));
  const progress = new RowProgress(wanted, queue, options.reporter);
  const tables = into ?? new Map<string, RowTarget>(manifest.tables.map((table) => [tableKey(table), table]));
  const write = (inner: AbortSignal) =>
    withSession(targetUrl, { applicationName, signal: inner, timing: leader.timing }, async (session) => {
      await session.query("set synchronous_commit = off");
      const fetchNext = (): Fetched | undefined => {
        const chunk = queue.shift();
        if (chunk === undefined) return undefined;
        const content = readChunk(options, chunk, inner);
        // Awaited when its turn comes; a failure before that must not end the process.
        content.catch(() => undefined);
        return { chunk, content };
      };
      // While the server takes one chunk, the next is on its way.
      for (let fetched = fetchNext(); fetched !== undefined;) {
        const sections = await fetched.content;
        const next = fetchNext();
        await writeChunk(session, options, fetched.chunk, sections, tables);
        releaseSections(sections);
        progress.add(fetched.chunk);
        fetched = next;
      }
      return undefined;
    });
  await workers(Math.min(WRITERS, queue.length), signal, write);
}

interface Fetched {
  chunk: BackupChunk;
  content: Promise<SectionRows[]>;
}

async function writeChunk(
  session: Session,
  { restoreId, asReplica, into }: RestoreRowsOptions,
  chunk: BackupChunk,
  sections: readonly SectionRows[],
  tables: ReadonlyMap<string, RowTarget>,
): Promise<void> {
  await journaled(session, restoreId, chunk.key, async () => {
    // As a replica: neither triggers nor foreign keys of tables that aren't ours to switch them off.
    const ofOthers = chunk.kind !== "app" && into === undefined;
    if (ofOthers || asReplica === true) await session.query("set local session_replication_role = replica");
    for (const { section, rows } of sections) {
      const table = tables.get(tableKey(section));
      if (table === undefined && into !== undefined) continue;
      if (table === undefined) throw new Error(`${chunk.key} holds rows of ${tableName(section)}, which is no table`);
      await session.copyIn(copyInSql(table), rows, table.format);
    }
  });
}
