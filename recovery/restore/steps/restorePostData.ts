import { EventEmitter, once } from "node:events";

import { workers } from "../../../services/common/pool.ts";
import { retry } from "../../../services/common/retry.ts";
import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { forStandIn } from "../../postgres/catalog/standIn.ts";
import type { PgToolOptions } from "../../postgres/programs/pgTools.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { type ArchiveEntry, readPostData } from "../archive/archiveScript.ts";
import { type PgRestoreOptions, restoreScript } from "../archive/pgRestore.ts";
import { journaledScript } from "../run/journal.ts";

/** Where what belongs to tables that are filled already is made. */
export interface PostDataOptions extends Omit<PgRestoreOptions, "args"> {
  targetUrl: string;
  restoreId: string;
  /** Steps that are in the target already. */
  done: ReadonlySet<string>;
  /** For their sizes: what takes longest begins first. */
  tables: readonly BackedUpTable[];
}

/** Sessions that build indexes and check constraints beside each other. */
const WORKERS = 3;
/** Steps of entries that name roles. */
const CONCERNS_ROLES = /^entry \d+ (ACL|DEFAULT ACL|POLICY) /;
/** What a server may answer though nothing is wrong: two entries have waited for each other. */
const ATTEMPTS = 5;

/**
 * Makes indexes, constraints, triggers, policies and rights from an archive: each entry is committed together with its line in
 * the journal, so that a restore which goes on makes none twice and leaves none out. Entries that don't need each other, nor lock
 * the same table, run beside each other, by the rules that pg_restore has for its own jobs.
 */
export async function restorePostData(options: PostDataOptions): Promise<void> {
  const { targetUrl, restoreId, applicationName, done, signal } = options;
  const { list, sql } = await restoreScript({ ...options, args: ["--section=post-data", "--verbose"] });
  const script = readPostData(sql, list, options.tables);
  for (const entry of [...script.beside, ...script.after])
    if (CONCERNS_ROLES.test(entry.step)) entry.sql = forStandIn(options.session, entry.sql);
  const left = (entries: readonly ArchiveEntry[]) => entries.filter((entry) => !done.has(entry.step));
  const work = new Work(left(script.beside));
  const inSession = <T>(inner: PgToolOptions["signal"], run: (session: Session) => Promise<T>) =>
    withSession(
      targetUrl,
      { applicationName, lockTimeoutMs: 0, signal: inner, timing: options.session.timing },
      async (session) => {
        await session.query(script.settings);
        await session.query("set synchronous_commit = off; set maintenance_work_mem = '128MB'");
        return await run(session);
      },
    );
  const worker = (inner: AbortSignal) =>
    inSession(inner, async (session) => {
      for (let entry = await work.next(inner); entry !== undefined; entry = await work.next(inner)) {
        await make(session, restoreId, entry, inner);
        work.finish(entry);
      }
      return undefined;
    });
  await workers(Math.min(WORKERS, work.size), signal, worker);
  const last = left(script.after);
  if (last.length === 0) return;
  await inSession(signal, async (session) => {
    for (const entry of last) await make(session, restoreId, entry, signal);
  });
}

async function make(session: Session, restoreId: string, entry: ArchiveEntry, signal: AbortSignal): Promise<void> {
  await retry(() => journaledScript(session, restoreId, entry.step, entry.sql), {
    attempts: ATTEMPTS,
    pauseMs: (error, attempt) =>
      sqlStateOf(error) === SQLSTATE.DEADLOCK_DETECTED ? session.timing.deadlockPauseMs * attempt : undefined,
    signal,
  });
}

const FINISHED = "finished";

/** What is left to make; gives out what can begin now. */
class Work {
  readonly #waiting: ArchiveEntry[];
  readonly #running = new Set<ArchiveEntry>();
  /** Ids that others have to wait for. */
  readonly #unfinished: Set<number>;
  readonly #changes = new EventEmitter();

  constructor(entries: readonly ArchiveEntry[]) {
    this.#waiting = [...entries].sort((a, b) => b.bytes - a.bytes);
    this.#unfinished = new Set(entries.map(({ id }) => id));
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** The next one, once it can begin; undefined when none is left. */
  async next(signal: AbortSignal): Promise<ArchiveEntry | undefined> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#waiting.length === 0) return undefined;
      const at = this.#waiting.findIndex((entry) => this.#canBegin(entry));
      if (at !== -1) {
        const [entry] = this.#waiting.splice(at, 1) as [ArchiveEntry];
        this.#running.add(entry);
        return entry;
      }
      if (this.#running.size === 0) throw new Error("the archive's entries wait for each other");
      await once(this.#changes, FINISHED, { signal });
    }
  }

  finish(entry: ArchiveEntry): void {
    this.#running.delete(entry);
    this.#unfinished.delete(entry.id);
    this.#changes.emit(FINISHED);
  }

  #canBegin(entry: ArchiveEntry): boolean {
    return (
      !entry.needs.some((id) => this.#unfinished.has(id)) &&
      [...this.#running].every((other) => !conflict(entry, other) && !conflict(other, entry))
    );
  }
}

/** Whether one locks a table that the other works on. */
function conflict(one: ArchiveEntry, other: ArchiveEntry): boolean {
  return one.locks.some((id) => other.needs.includes(id));
}
