import { workers } from "../../../services/common/pool.ts";
import type { Session } from "../../postgres/session/database.ts";
import { isLostConnection } from "../../postgres/session/sqlState.ts";
import type { PlacedEntry } from "../archive/archiveScript.ts";
import { isOtherOwner, type Owned } from "../archive/entryOwners.ts";
import { runsOf } from "../archive/runs.ts";
import { Schedule, type Scheduled } from "../archive/schedule.ts";
import { lendSchemas } from "../rights/lentSchemas.ts";
import { inOwnSession, type Restoring } from "../run/restoring.ts";
import { makeFitting } from "./makeFitting.ts";

/** Entries in one transaction. In a transaction for all of them a server would run out of locks. */
const BATCH = 50;
/** Sessions that make tables beside each other. */
const WORKERS = 3;

/**
 * Makes types, functions and tables, a batch of entries in each round trip. Tables and what belongs to them are made in several sessions, all
 * else in pg_restore's order. What belongs to another role than the restoring one gets its owner at once, so that nothing of it runs as
 * the restoring role later.
 *
 * @param settings what each session has to set first
 * @param entries in pg_restore's order
 */
export async function makeDefinitions(
  restoring: Restoring,
  settings: string,
  entries: readonly (PlacedEntry & Owned)[],
): Promise<void> {
  const isOther = isOtherOwner(restoring.session, restoring.manifest.objects);
  const owners = [...new Set(entries.flatMap(({ owned }) => (owned && isOther(owned.owner) ? [owned.owner] : [])))];
  const all = entries.map((one): Definition => {
    return { ...one, bytes: 0, owner: one.owned !== undefined && isOther(one.owned.owner) ? one.owned.statement : "" };
  });
  await inOwnSession(restoring, { signal: restoring.signal }, async (own) => {
    await own.query(settings);
    let hasLent = false;
    for (const { way, entries: some } of runsOf(all, BATCH + 1)) {
      if (way === "schemas") hasLent = false;
      else if (!hasLent && owners.length > 0) {
        // An owner needs rights in each schema that is there by now.
        await lendSchemas(own, owners);
        hasLent = true;
      }
      const left = way === "beside" ? await makeBeside(restoring, { own, settings }, some) : some;
      await makeInOrder(own, restoring.restoreId, left);
    }
  });
}

/** An entry, and the statement that sets its owner; empty if the restoring role keeps it. */
interface Definition extends PlacedEntry, Scheduled {
  owner: string;
}

/**
 * Makes entries in several sessions. Returns those that could not be made, with those that need them: they are made in pg_restore's order
 * then, which decides whether the target lacks something.
 */
async function makeBeside(
  restoring: Restoring,
  { own, settings }: { own: Session; settings: string },
  entries: readonly Definition[],
): Promise<Definition[]> {
  const sessions = Math.min(WORKERS, Math.ceil(entries.length / BATCH));
  const schedule = new Schedule(entries, () => 0);
  const make = async (session: Session, inner: AbortSignal) => {
    for (let batch = await schedule.next(inner); batch !== undefined; batch = await schedule.next(inner)) {
      if (await isMade(session, batch)) schedule.finish(batch);
      else schedule.giveUp(batch);
    }
  };
  const open = [own];
  await workers(sessions, restoring.signal, (inner) => {
    const session = open.pop();
    if (session !== undefined) return make(session, inner);
    return inOwnSession(restoring, { signal: inner }, async (further) => {
      await further.query(settings);
      await make(further, inner);
    });
  });
  return schedule.left;
}

async function makeInOrder(session: Session, restoreId: string, entries: readonly Definition[]): Promise<void> {
  for (let at = 0; at < entries.length; at += BATCH) {
    const batch = entries.slice(at, at + BATCH);
    if (await isMade(session, batch)) continue;
    for (const entry of batch) await makeFitting(session, restoreId, entry, (sql) => session.query(sql + entry.owner));
  }
}

/** The statements of one query are one transaction. If one fails, none is made. */
async function isMade(session: Session, batch: readonly Definition[]): Promise<boolean> {
  try {
    await session.query(batch.map(({ sql, owner }) => sql + owner).join("\n"));
    return true;
  } catch (error) {
    if (isLostConnection(error)) throw error;
    return false;
  }
}
