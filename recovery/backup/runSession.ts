import { UserError } from "../../services/common/errors.ts";
import { type Timing } from "../../services/common/timing.ts";
import { takeAdvisoryLock } from "../postgres/session/advisoryLock.ts";
import { connect, type Session } from "../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../postgres/session/sqlState.ts";

const LOCK = "castchat-recovery backup";

/**
 * The leading session of a backup run, and the lock that keeps a second run off the database. Two runs at once would open the same tier,
 * and each would move the other's legal hold. The lock lives in the session, so that a killed run leaves no lock behind.
 */
export class RunSession {
  readonly #databaseUrl: string;
  readonly #options: { applicationName: string; signal: AbortSignal; timing: Timing };
  #session: Session | undefined;

  constructor(databaseUrl: string, options: { applicationName: string; signal: AbortSignal; timing: Timing }) {
    this.#databaseUrl = databaseUrl;
    this.#options = options;
  }

  /**
   * Returns the session without an open transaction, and opens another one if it is lost.
   *
   * @throws UserError while another run holds the lock
   */
  async ready(): Promise<Session> {
    if (this.#session !== undefined && (await this.isAlive())) {
      await this.#session.query("rollback");
      return this.#session;
    }
    await this.end();
    const session = prompt(await connect(this.#databaseUrl, this.#options));
    try {
      await this.#lock(session);
    } catch (error) {
      await session.end();
      throw error;
    }
    this.#session = session;
    return session;
  }

  /** Whether the session still answers. If it does, a snapshot that it holds still lives. */
  async isAlive(): Promise<boolean> {
    const session = this.#session;
    if (session === undefined) return false;
    try {
      await session.promptly(() => session.query("select"));
      return true;
    } catch (error) {
      this.#options.signal.throwIfAborted();
      // A failed transaction still answers.
      return sqlStateOf(error) === SQLSTATE.IN_FAILED_SQL_TRANSACTION;
    }
  }

  async end(): Promise<void> {
    await this.#session?.end();
    this.#session = undefined;
  }

  async #lock(session: Session): Promise<void> {
    const { signal, timing } = this.#options;
    const patience = { everyMs: timing.runLockEveryMs, limitMs: timing.runLockMs, signal };
    if (!(await takeAdvisoryLock(session, LOCK, patience))) throw await otherRun(session);
  }
}

/** Bounds the time of every query of a leading session. Without it a silent network would never be noticed. */
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
  const run = other === undefined ? "" : ` ("${other.name}", since ${other.since.toISOString()})`;
  return new UserError(`Another backup of this database is running${run}. Wait for it to finish, then run this again.`);
}
