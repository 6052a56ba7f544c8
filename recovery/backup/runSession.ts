import { UserError } from "../../services/common/errors.ts";
import { type Timing } from "../../services/common/timing.ts";
import { takeAdvisoryLock } from "../postgres/session/advisoryLock.ts";
import { connect, type Session } from "../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../postgres/session/sqlState.ts";

const LOCK = "castchat-recovery backup";

/**
 * The leading session of a backup run, and the lock on the database that two runs can't hold at once: without it both would
 * open the same tier and move each other's hold. The lock lives in the session, so that nothing of a killed run keeps it.
 */
export class RunSession {
  readonly #databaseUrl: string;
  readonly #applicationName: string;
  readonly #signal: AbortSignal;
  readonly #timing: Timing;
  #session: Session | undefined;

  constructor(databaseUrl: string, applicationName: string, signal: AbortSignal, timing: Timing) {
    this.#databaseUrl = databaseUrl;
    this.#applicationName = applicationName;
    this.#signal = signal;
    this.#timing = timing;
  }

  /** The session, without an open transaction; a new one where the last one is gone. UserError while another run holds the lock. */
  async ready(): Promise<Session> {
    if (this.#session !== undefined && (await this.isAlive())) {
      await this.#session.query("rollback");
      return this.#session;
    }
    await this.end();
    const options = { applicationName: this.#applicationName, signal: this.#signal, timing: this.#timing };
    const session = prompt(await connect(this.#databaseUrl, options));
    try {
      await this.#lock(session);
    } catch (error) {
      await session.end();
      throw error;
    }
    this.#session = session;
    return session;
  }

  /** Whether the session still answers, and with it a snapshot that it holds still lives. */
  async isAlive(): Promise<boolean> {
    const session = this.#session;
    if (session === undefined) return false;
    try {
      await session.promptly(() => session.query("select"));
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      // A transaction that has failed is one that is there.
      return sqlStateOf(error) === SQLSTATE.IN_FAILED_SQL_TRANSACTION;
    }
  }

  async end(): Promise<void> {
    await this.#session?.end();
    this.#session = undefined;
  }

  async #lock(session: Session): Promise<void> {
    const { runLockEveryMs: everyMs, runLockMs: limitMs } = this.#timing;
    if (!(await takeAdvisoryLock(session, LOCK, { everyMs, limitMs, signal: this.#signal })))
      throw await otherRun(session);
  }
}

/** All that a leading session asks is answered soon: where it isn't, the network has fallen silent, and nothing else would tell. */
function prompt(session: Session): Session {
  return {
    ...session,
    query: <Row extends object>(text: string, values?: readonly unknown[]) =>
      session.promptly(() => session.query<Row>(text, values)),
  };
}

async function otherRun(session: Session): Promise<UserError> {
  const [other] = await session.query<{ name: string; since: Date }>(
    `select a.application_name as name, a.backend_start as since from pg_catalog.pg_stat_activity a
     where a.application_name like 'castchat-recovery backup %' and a.pid <> pg_catalog.pg_backend_pid() order by 2 limit 1`,
  );
  const who = other === undefined ? "Another run" : `"${other.name}", running since ${other.since.toISOString()},`;
  return new UserError(
    `${who} backs this database up already: wait until it has ended, since two runs at once would be in each other's way.`,
  );
}
