import type { Session } from "../session/database.ts";
import { MARKER_SCHEMA } from "./platform.ts";
import { QUIET_EVENT_TRIGGERS } from "./replicaRole.ts";

/**
 * Creates a table of the recovery if it does not exist, in a schema that no backup holds and no restore drops. The definition follows
 * `create table if not exists`, and starts with a name in that schema. One round trip, all or nothing.
 */
export async function makeOwnTable(session: Session, definition: string): Promise<void> {
  await session.query(`${QUIET_EVENT_TRIGGERS};
    create schema if not exists ${MARKER_SCHEMA};
    revoke all on schema ${MARKER_SCHEMA} from public;
    create table if not exists ${definition}`);
}

/** Whether a table of the recovery exists. */
export async function hasOwnTable(session: Session, table: string): Promise<boolean> {
  const [row] = await session.query<{ there: boolean }>("select to_regclass($1) is not null as there", [table]);
  return row?.there === true;
}
