import { EventEmitter, once } from "node:events";

import { workers } from "../../../services/common/pool.ts";
import { retry } from "../../../services/common/retry.ts";
import { forStandIn } from "../../postgres/catalog/standIn.ts";
import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { type ArchiveEntry, readPostData } from "../archive/archiveScript.ts";
import { restoreScript } from "../archive/pgRestore.ts";
import { confinedSql, listTablesOfOthers, withConfinement } from "../rights/confined.ts";
import { journaledScript } from "../run/journal.ts";
import { inOwnSession, type Restoring } from "../run/restoring.ts";

/** Sessions that build indexes and check constraints beside each other. */
const WORKERS = 3;
/** Steps of entries that name roles. */
const CONCERNS_ROLES = /^entry \d+ (ACL|DEFAULT ACL|POLICY) /;
/** For an entry that is rolled back by a deadlock with another one. */
const ATTEMPTS = 5;

/**
 * Makes indexes, constraints, triggers, policies and rights from an archive. Each entry is committed together with its line in the
 * journal, so that a resumed restore makes none twice and leaves none out. Entries that do not need each other or lock the same table run
 * beside each other, by the rules that pg_restore has for its own jobs.
 *
 * @param done steps that are in the target already
 */
export async function restorePostData(
  restoring: Restoring,
  dump: PrivateFile,
  done: ReadonlySet<string>,
): Promise<void> {
  const { session: leader, restoreId, manifest, signal } = restoring;
  const { list, sql } = await restoreScript({ ...restoring, dump, args: ["--section=post-data", "--verbose"] });
  const script = readPostData(sql, list, manifest.tables);
  for (const entry of [...script.beside, ...script.after])
    if (CONCERNS_ROLES.test(entry.step)) entry.sql = forStandIn(leader, entry.sql);
  const others = await listTablesOfOthers(leader);
  const owners: string[] = [];
  for (const entry of script.beside) {
    // An index runs the app's expressions as the table's owner, but a CHECK as the role that adds it.
    const owner = entry.checks === undefined ? undefined : others.get(entry.checks)?.owner;
    if (owner === undefined || done.has(entry.step)) continue;
    owners.push(owner);
    entry.sql = confinedSql(owner, entry.sql);
  }
  const left = (entries: readonly ArchiveEntry[]) => entries.filter((entry) => !done.has(entry.step));
  const work = new Work(left(script.beside));
  const inSession = (inner: AbortSignal, run: (session: Session) => Promise<void>) =>
    inOwnSession(restoring, { signal: inner, lockTimeoutMs: 0 }, async (session) => {
      await session.query(script.settings);
      await session.query("set maintenance_work_mem = '128MB'");
      await run(session);
    });
  const worker = (inner: AbortSignal) =>
    inSession(inner, async (session) => {
      for (let entry = await work.next(inner); entry !== undefined; entry = await work.next(inner)) {
        await make(session, restoreId, entry, inner);
        work.finish(entry);
      }
    });
  await withConfinement(leader, owners, () => workers(Math.min(WORKERS, work.size), signal, worker));
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

/** The entries that are left to make. */
class Work {
  readonly #waiting: ArchiveEntry[];
  readonly #running = new Set<ArchiveEntry>();
  /** Ids of entries that others have to wait for. */
  readonly #unfinished: Set<number>;
  readonly #changes = new EventEmitter();

  constructor(entries: readonly ArchiveEntry[]) {
    // What takes longest begins first.
    this.#waiting = [...entries].sort((a, b) => b.bytes - a.bytes);
    this.#unfinished = new Set(entries.map(({ id }) => id));
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** The next entry, once it can begin. Undefined if none is left. */
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

/** Whether the first locks a table that the other works on. */
function conflict(one: ArchiveEntry, other: ArchiveEntry): boolean {
  return one.locks.some((id) => other.needs.includes(id));
}
