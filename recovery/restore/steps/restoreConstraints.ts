import { messageOf } from "../../../services/common/errors.ts";
import { REALTIME_MESSAGES } from "../../postgres/catalog/platform.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { inTransaction, withSavepoint } from "../../postgres/session/transaction.ts";
import { statementsOf } from "../archive/topLevel.ts";
import { bringPlatformRights } from "../rights/restorePlatformRights.ts";
import { archivedPlatformRights, restoreRights } from "../rights/restoreRights.ts";
import { journaled, journaledScript, readJournal } from "../run/journal.ts";
import { isMissing, noteNotRestored } from "../run/notRestored.ts";
import type { Restoring } from "../run/restoring.ts";
import type { Definitions } from "./fetchParts.ts";
import { makeFitting } from "./makeFitting.ts";
import { restorePostData } from "./restorePostData.ts";
import { fillViews, journaledViews } from "./restoreState.ts";

/** Steps beside the archive's entries. */
const RIGHTS = "rights";
const MANAGED_OBJECTS = "managed objects";
const NAME = String.raw`(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)`;
/** A trigger or a policy on a table of the platform, as a backup writes it. */
const ON_MANAGED_TABLE = new RegExp(
  String.raw`^create (?:constraint )?(trigger|policy) (${NAME}) .*?\bon (${NAME}\.${NAME})`,
  "i",
);

/**
 * The phase "constraints": indexes, constraints, triggers and policies of the archive, then what else the recipe makes. `further` gets the
 * steps that an interrupted run has done.
 */
export async function restoreConstraints<T>(
  restoring: Restoring,
  { dump }: Definitions,
  further: (done: ReadonlySet<string>) => Promise<T>,
): Promise<T> {
  const { session, restoreId, phase } = restoring;
  return await phase("constraints", "Making indexes, constraints, triggers, policies and rights", async () => {
    const done = await readJournal(session, restoreId);
    await restorePostData(restoring, dump, done);
    return await further(done);
  });
}

/**
 * Makes the remaining owners, the app's objects on tables of the platform, and all rights. Then it fills the materialized views, each as its
 * owner, and settles the roles. Returns in sentences what differs and is no fault.
 *
 * @param rest.settle SQL that settles the roles (restoreRoles.ts)
 */
export async function restoreOwnersAndRights(
  restoring: Restoring,
  { dump, managedObjects }: Definitions,
  rest: { done: ReadonlySet<string>; settle: string; withRows: boolean },
): Promise<string[]> {
  const { session, manifest, restoreId } = restoring;
  const { done, settle, withRows } = rest;
  if (!done.has(MANAGED_OBJECTS)) await makeManagedObjects(session, restoreId, managedObjects);
  // After the owners, who grant the rights.
  if (!done.has(RIGHTS)) await restoreRights(restoring, dump, { step: RIGHTS, withLargeObjects: withRows });
  const archived = await archivedPlatformRights(restoring, dump);
  // Not journaled: it compares the rights that are there with the backup's.
  const notes = await inTransaction(session, () => bringPlatformRights(session, manifest, archived));
  if (withRows) notes.push(...(await fillViews(session, manifest, journaledViews(restoring, done))));
  if (settle !== "") await session.query(settle);
  return notes;
}

/** As one script. If the target lacks something that a statement needs, they are made one by one, and what lacks it is left out. */
async function makeManagedObjects(session: Session, restoreId: string, script: string): Promise<void> {
  try {
    await journaledScript(session, restoreId, [{ step: MANAGED_OBJECTS, sql: script }]);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await journaled(session, restoreId, MANAGED_OBJECTS, async () => {
      await quietEventTriggers(session);
      for (const sql of statementsOf(script)) {
        const [, kind, name = "", table = ""] = ON_MANAGED_TABLE.exec(sql) ?? [];
        const run = (one: string) => withSavepoint(session, () => session.query(one));
        if (kind === undefined) await run(sql).catch(ignoreMissing);
        else if (isOnRealtime(table))
          await run(sql).catch((error: unknown) => noteWithoutRealtime(session, restoreId, { name, sql, error }));
        else
          await makeFitting(session, restoreId, { description: `${kind.toUpperCase()} ${table} ${name} -`, sql }, run);
      }
    });
  }
}

function isOnRealtime(table: string): boolean {
  return table.replaceAll('"', "") === REALTIME_MESSAGES;
}

/** Without its policies the table lets nothing pass. */
async function noteWithoutRealtime(
  session: Session,
  restoreId: string,
  { name, sql, error }: { name: string; sql: string; error: unknown },
): Promise<void> {
  if (!isMissing(error)) throw error;
  await noteNotRestored(session, restoreId, {
    key: `realtime policy ${name}`,
    isWhole: true,
    isLoss: true,
    note: `Not restored: the policy ${name} of ${REALTIME_MESSAGES} (${messageOf(error)}). The project's Realtime service makes that table when it is first used: open "Realtime", "Inspector" in the project's dashboard, and join any channel. Then run in its SQL editor: ${sql.trim()}`,
  });
}

/** Owners and rights of what is not there. What differs is compared in the end. */
function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
