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
  noteLayer,
  readLayers,
  recordLayer,
} from "./gateRecord.ts";
import { countSessionsSince, endSessions, refuseBlind } from "./gateSessions.ts";

/** The holder that `castchat-recovery writes stop` closes the gate for. */
export const ENGINEER = "writes stop";

/** Which command closes the gate, and how far. */
export interface CloseGateOptions {
  /** Opens only what it has closed: "writes stop" for the engineer's command, a restore's own id. */
  holder: string;
  level: GateLevel;
  signal?: AbortSignal | undefined;
}

/** What has been done to close it. */
export interface ClosedGate {
  layer: GateLayer;
  /** True if this holder had closed it before. Then only the remaining sessions were ended. */
  wasClosed: boolean;
  /** Other sessions that were ended. */
  sessionsEnded: number;
}

/** What has been done to open it. */
export interface OpenedGate {
  /** False if this holder had not closed it. */
  wasClosed: boolean;
  /** Whether another holder still keeps it closed. */
  stillClosed: boolean;
  /** What could not be put back since it is gone, in clauses. */
  gone: string[];
  sessionsEnded: number;
}

/** Whether a database takes writes. */
export interface GateState {
  /** The first one closed first; empty if the gate is open. */
  layers: GateLayer[];
  /** Other sessions that are older than the closing, so that it doesn't bind them: the closing was interrupted. */
  olderSessions: number;
  /** Whether the auth service may connect although the gate is closed ({@link letAuthIn}). */
  authAllowed: boolean;
}

/**
 * Stops all writes but our own. One transaction takes CONNECT from every role but the database's owner, so that the API, auth and storage
 * services can't connect, and sets `default_transaction_read_only = on` in this database for the roles that still can. Then the other
 * sessions are ended, also those of another run of this program. Neither shows in a dump, so that a backup and an assessment see the database as it is.
 *
 * Our own sessions connect as the owner and ask for READ WRITE (recovery/postgres/session/database.ts). Any other session of the owner that
 * asks for it may write too, and so may superusers, who are the platform's. Prepared transactions and enabled subscriptions are refused.
 *
 * The same transaction records what was changed, so that {@link openGate} puts back exactly that. It can be run again after an
 * interruption. Closing above another holder's closing adds a layer. The session must be outside of a transaction.
 *
 * @throws UserError if the role has no right to close it, or can't see or end other sessions; PromiseError if another session could still
 * write; then nothing is changed
 */
export async function closeGate(session: Session, options: CloseGateOptions): Promise<ClosedGate> {
  const { holder, level, signal } = options;
  const wasClosed = await inGateTransaction(session, async () => {
    const own = (await readLayers(session)).find((layer) => layer.holder === holder);
    if (own?.opening === true)
      throw new UserError(
        `The gate is being opened again for "${holder}". Wait until that has finished. If it was interrupted, run the command that opens the gate again (\`castchat-recovery writes allow\`), and then this one.`,
      );
    // Also if it is closed already: a role may have been given rights since.
    const changes = [...(await closingChanges(session)), ...(level === "all" ? await usageChanges(session) : [])];
    for (const change of changes) await applyChange(session, change);
    await refuseOpenings(session, level);
    await refuseBlind(session);
    await recordLayer(session, { holder, level, changes });
    return own !== undefined;
  });
  const sessionsEnded = await endSessions(session, signal);
  await noteLayer(session, holder, "sessions_ended");
  const layer = (await readLayers(session)).find((one) => one.holder === holder);
  if (layer === undefined)
    throw new PromiseError(`Another session opened the gate while "${holder}" closed it. Run the same command again.`);
  return { layer, wasClosed, sessionsEnded };
}

/**
 * Puts back exactly what this holder has changed. If no other holder keeps the gate closed, it ends the sessions that began meanwhile,
 * which would stay read-only. It can be run again after an interruption, and changes nothing if this holder has not closed the gate.
 *
 * @throws UserError if another holder has closed it after this one
 */
export async function openGate(session: Session, holder: string, signal?: AbortSignal): Promise<OpenedGate> {
  const opened = await inGateTransaction(session, async () => {
    const layers = await readLayers(session);
    const own = layers.find((layer) => layer.holder === holder);
    if (own === undefined) return { wasClosed: false, stillClosed: layers.length > 0, gone: [] };
    refuseOtherAbove(layers, holder);
    const gone = own.opening ? [] : await undo(session, own.changes);
    await noteLayer(session, holder, "opening");
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
 * Lets only the auth service connect again, so that logins can be tested before the app writes. The rest of this holder's layer stays
 * closed. False if the service could already connect.
 *
 * @throws UserError if this holder has not closed the gate, or another one has after it
 */
export async function letAuthIn(session: Session, holder: string): Promise<boolean> {
  return await inGateTransaction(session, async () => {
    const layers = await readLayers(session);
    const own = layers.at(-1);
    if (own === undefined)
      throw new UserError(
        "Writes are not stopped, so there is nothing to allow. Run `castchat-recovery writes stop` first.",
      );
    refuseOtherAbove(layers, holder);
    const change: GateChange = { kind: "connect", role: AUTH_ROLE, had: false, grantable: false };
    const isAllowed = await isAuthAllowed(session);
    if (isAllowed === undefined)
      throw new UserError(`This database has no role ${AUTH_ROLE}, so it does not belong to a Supabase project.`);
    if (isAllowed) return false;
    await applyChange(session, change);
    await recordLayer(session, { holder, level: own.level, changes: [change] });
    return true;
  });
}

/** Whether the gate is closed, by which holders, and whether that binds every session. Changes nothing. */
export async function gateState(session: Session): Promise<GateState> {
  const layers = await readLayers(session);
  const [first] = layers;
  if (first === undefined) return { layers, olderSessions: 0, authAllowed: true };
  return {
    layers,
    olderSessions: await countSessionsSince(session, first.closedAt),
    authAllowed: (await isAuthAllowed(session)) === true,
  };
}

/** Whether the auth service may connect. Undefined if the database has no such role. */
async function isAuthAllowed(session: Session): Promise<boolean | undefined> {
  const [role] = await session.query<{ allowed: boolean }>(
    "select pg_catalog.has_database_privilege(oid, current_database(), 'connect') as allowed from pg_catalog.pg_roles where rolname = $1",
    [AUTH_ROLE],
  );
  return role?.allowed;
}

function refuseOtherAbove(layers: readonly GateLayer[], holder: string): void {
  const above = layers.at(-1);
  if (above === undefined || above.holder === holder) return;
  throw new UserError(
    `"${above.holder}" keeps the gate closed, since ${above.closedAt.toISOString()}. That command has to end first: \`castchat-recovery writes status\` prints how.`,
  );
}

async function refuseOpenings(session: Session, level: GateLevel): Promise<void> {
  const openings = await findOpenings(session, level);
  if (openings.length === 0) return;
  throw new PromiseError(
    `Writes cannot be stopped: ${openings.join("; ")}. Nothing was changed. Close that, then run the same command again.`,
  );
}

async function undo(session: Session, changes: readonly GateChange[]): Promise<string[]> {
  const gone: string[] = [];
  for (const change of [...changes].reverse()) {
    const reason = await undoChange(session, change);
    if (reason !== undefined) gone.push(reason);
  }
  return gone;
}

/** One at a time, and all or nothing. */
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
      `Role "${session.address.user}" may not change who connects to ${session.address.database} (${(error as Error).message}). Use the connection string of the role that owns the database, on Supabase \`postgres\`.`,
      { cause: error },
    );
  }
}
