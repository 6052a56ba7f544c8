import { PromiseError, UserError } from "../../services/common/errors.ts";
import { quietEventTriggers } from "../postgres/catalog/replicaRole.ts";
import type { Session } from "../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../postgres/session/sqlState.ts";
import { inTransaction } from "../postgres/session/transaction.ts";
import { applyChange, closingChanges, findOpenings, undoChange, usageChanges } from "./gateChanges.ts";
import {
  forgetLayer,
  type GateChange,
  type GateLayer,
  type GateLevel,
  noteOpened,
  noteSessionsEnded,
  readLayers,
  recordLayer,
} from "./gateRecord.ts";
import { countSessionsSince, endSessions } from "./gateSessions.ts";

/** Who closes the gate, and how far. */
export interface CloseGateOptions {
  /** Opens what it has closed, and nothing else: "writes stop" for the engineer's command, a restore's own id. */
  holder: string;
  /** See {@link GateLevel}. */
  level: GateLevel;
  signal?: AbortSignal | undefined;
}

/** What has been done to close it. */
export interface ClosedGate {
  layer: GateLayer;
  /** True where this holder had closed it before: then only sessions that were left were ended. */
  wasClosed: boolean;
  /** Sessions of others that were ended. */
  sessionsEnded: number;
}

/** What has been done to open it. */
export interface OpenedGate {
  /** False where this holder had not closed it. */
  wasClosed: boolean;
  /** Whether another holder still keeps it closed. */
  stillClosed: boolean;
  /** What could not be put back since it is gone, in clauses. */
  gone: string[];
  sessionsEnded: number;
}

/** Whether a database takes writes. */
export interface GateState {
  /** The first one closed first; none where the gate is open. */
  layers: GateLayer[];
  /** Sessions of others that are older than the closing, so that it doesn't bind them: the closing was interrupted. */
  olderSessions: number;
}

/**
 * Stops all writes of everybody but us. In one transaction: CONNECT is taken from everyone but the database's owner (so that API, auth and
 * storage services can't come in), and whoever may still connect gets `default_transaction_read_only = on` in this database. Then the
 * sessions of others are ended. Neither shows in a dump, so that a backup and an assessment see the database as it is.
 *
 * Our own sessions are let in and may write (recovery/postgres/session/database.ts asks for it); so could anybody who has the owner's
 * password and asks for READ WRITE by name, and superusers, who are the platform's. Prepared transactions and enabled subscriptions are
 * refused.
 *
 * What was changed is recorded in the same transaction, so that {@link openGate} puts back exactly that. It can be run again after an
 * interruption. Closing over another holder's closing is a layer on top of it. The session must be outside of a transaction.
 *
 * @throws UserError where the role has no right to close it, PromiseError where somebody could still come in; then nothing is changed
 */
export async function closeGate(session: Session, options: CloseGateOptions): Promise<ClosedGate> {
  const { holder, level, signal } = options;
  const wasClosed = await inGateTransaction(session, async () => {
    const layers = await readLayers(session);
    const own = layers.find((layer) => layer.holder === holder);
    if (own?.opening === true) throw new UserError(`The gate is being opened by "${holder}": let that finish first.`);
    // Also where it is closed already: somebody may have been let in since.
    const changes = [...(await closingChanges(session)), ...(level === "all" ? await usageChanges(session) : [])];
    for (const change of changes) await applyChange(session, change);
    await refuseOpenings(session, level);
    await recordLayer(session, { holder, level, changes });
    return own !== undefined;
  });
  const sessionsEnded = await endSessions(session, signal);
  await noteSessionsEnded(session, holder);
  const layer = (await readLayers(session)).find((one) => one.holder === holder);
  if (layer === undefined) throw new PromiseError(`Somebody has opened the gate while "${holder}" closed it.`);
  return { layer, wasClosed, sessionsEnded };
}

/**
 * Puts back exactly what this holder has changed. Where nobody else keeps the gate closed, sessions that came in meanwhile are ended: they
 * would stay read-only. It can be run again after an interruption; a gate that this holder hasn't closed is left as it is.
 *
 * @throws UserError where another holder has closed it after this one
 */
export async function openGate(session: Session, holder: string, signal?: AbortSignal): Promise<OpenedGate> {
  const opened = await inGateTransaction(session, async () => {
    const layers = await readLayers(session);
    const at = layers.findIndex((layer) => layer.holder === holder);
    const own = layers[at];
    if (own === undefined) return { wasClosed: false, stillClosed: layers.length > 0, gone: [] };
    const above = layers.at(-1);
    if (above !== undefined && above !== own)
      throw new UserError(
        `"${above.holder}" keeps the gate closed since ${above.closedAt.toISOString()}: let it finish first.`,
      );
    const gone = own.opening ? [] : await undo(session, own.changes);
    await noteOpened(session, holder);
    return { wasClosed: true, stillClosed: layers.length > 1, gone };
  });
  if (!opened.wasClosed) return { ...opened, sessionsEnded: 0 };
  const sessionsEnded = opened.stillClosed ? 0 : await endSessions(session, signal);
  await forgetLayer(session, holder);
  return { ...opened, sessionsEnded };
}

/** The role of Supabase's auth service. */
const AUTH_ROLE = "supabase_auth_admin";

/**
 * Lets the auth service alone in again, so that logins can be tried before the app writes. The layer of this holder stays closed otherwise.
 * False where it was in already.
 *
 * @throws UserError where this holder has not closed the gate, or another one has after it
 */
export async function letAuthIn(session: Session, holder: string): Promise<boolean> {
  return await inGateTransaction(session, async () => {
    const layers = await readLayers(session);
    const above = layers.at(-1);
    if (above === undefined)
      throw new UserError("Writes are not stopped: there is nothing to let the auth service into.");
    if (above.holder !== holder)
      throw new UserError(
        `"${above.holder}" keeps the gate closed since ${above.closedAt.toISOString()}: let it finish first.`,
      );
    const change: GateChange = { kind: "connect", role: AUTH_ROLE, had: false, grantable: false };
    const [role] = await session.query<{ allowed: boolean }>(
      "select pg_catalog.has_database_privilege(oid, current_database(), 'connect') as allowed from pg_catalog.pg_roles where rolname = $1",
      [AUTH_ROLE],
    );
    if (role === undefined) throw new UserError(`This database has no role ${AUTH_ROLE}: it is no Supabase project's.`);
    if (role.allowed) return false;
    await applyChange(session, change);
    await recordLayer(session, { holder, level: above.level, changes: [change] });
    return true;
  });
}

/** Whether the gate is closed, by whom, and whether that binds everybody. Changes nothing. */
export async function gateState(session: Session): Promise<GateState> {
  const layers = await readLayers(session);
  const [first] = layers;
  return { layers, olderSessions: first === undefined ? 0 : await countSessionsSince(session, first.closedAt) };
}

async function refuseOpenings(session: Session, level: GateLevel): Promise<void> {
  const openings = await findOpenings(session, level);
  if (openings.length === 0) return;
  throw new PromiseError(`Writes cannot be stopped: ${openings.join("; ")}. Nothing was changed.`);
}

async function undo(session: Session, changes: readonly GateChange[]): Promise<string[]> {
  const gone: string[] = [];
  for (const change of [...changes].reverse()) {
    const reason = await undoChange(session, change);
    if (reason !== undefined) gone.push(reason);
  }
  return gone;
}

/** One at a time; all of it or nothing. */
async function inGateTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await inTransaction(session, async () => {
      await session.query("select pg_catalog.pg_advisory_xact_lock(hashtextextended('castchat-recovery gate', 0))");
      await quietEventTriggers(session);
      return await work();
    });
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.INSUFFICIENT_PRIVILEGE) throw error;
    throw new UserError(
      `"${session.address.user}" may not change who connects to ${session.address.database}: use the role that owns the database (${(error as Error).message}).`,
      { cause: error },
    );
  }
}
