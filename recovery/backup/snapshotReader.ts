import { retry } from "../../services/common/retry.ts";
import { realTiming, sleep, type Timing } from "../../services/common/timing.ts";
import type { PgTool } from "../postgres/programs/pgTools.ts";
import { connect, type Session } from "../postgres/session/database.ts";
import { quoteLiteral } from "../postgres/session/quote.ts";
import type { BackupKind } from "../vault/backupKinds.ts";
import type { RunPlace } from "../vault/storePart.ts";
import { isLockRefusal, LockConflict } from "./lockConflict.ts";
import { NO_WAIT_MS } from "./lockRelations.ts";

/** What a reader needs to see the snapshot of the leading session. */
export interface SnapshotPlace {
  databaseUrl: string;
  applicationName: string;
  /** Exported by the leading session, whose transaction stays open. */
  snapshotId: string;
  /** @default - the real one */
  timing?: Timing | undefined;
}

/** One reading of the database: its snapshot, and where it stores what it reads. */
export interface Reading extends SnapshotPlace, RunPlace {
  readonly kind: BackupKind;
  /** The pg_dump that fits the server. */
  readonly pgDump: PgTool;
}

/** Opens a session that reads the exported snapshot. It holds locks, so by default it does not wait for others. */
export async function openReader(
  from: SnapshotPlace,
  signal: AbortSignal,
  lockTimeoutMs = NO_WAIT_MS,
): Promise<Session> {
  const { databaseUrl, applicationName, timing = realTiming } = from;
  const options = { applicationName, lockTimeoutMs, signal, timing };
  const until = performance.now() + timing.readerConnectMs;
  const pauseMs = () => (performance.now() > until ? undefined : timing.readerPauseMs * (1 + Math.random()));
  const session = await retry(() => connect(databaseUrl, options), { pauseMs, signal });
  try {
    await session.query(beginning(from));
    return session;
  } catch (error) {
    await session.end();
    throw error;
  }
}

/**
 * Starts the reader's transaction again with the same snapshot, to release its locks. The leading session still holds the tables. A server
 * has room for some thousands of locks in all, and each table, index and TOAST table takes one.
 */
export async function releaseReaderLocks(session: Session, from: SnapshotPlace): Promise<void> {
  await session.query(`commit; ${beginning(from)}`);
}

function beginning({ snapshotId }: SnapshotPlace): string {
  return `begin isolation level repeatable read read only; set transaction snapshot ${quoteLiteral(snapshotId)}`;
}

/** Runs work over a reader of its own, and again over another reader if a lock cannot be taken. */
export async function withReader<T>(
  from: SnapshotPlace,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  for (const patience = new LockPatience(from.timing); ;) {
    let refusal: unknown;
    const session = await openReader(from, signal);
    try {
      return await work(session);
    } catch (error) {
      if (!isLockRefusal(error)) throw error;
      refusal = error;
    } finally {
      await session.end();
    }
    await patience.pause(refusal, signal);
  }
}

/**
 * Pauses before each further try to take a lock, for some seconds in all. The caller holds no transaction meanwhile, so it blocks no
 * session.
 */
export class LockPatience {
  readonly #begunAt = performance.now();
  readonly #timing: Timing;

  constructor(timing: Timing = realTiming) {
    this.#timing = timing;
  }

  /** Pauses once. @throws LockConflict if the pauses last too long in all */
  async pause(refusal: unknown, signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#begunAt > this.#timing.readerLockMs) throw new LockConflict({ cause: refusal });
    await sleep(this.#timing.readerPauseMs * (0.5 + Math.random()), signal);
  }
}
