import { z } from "zod";

import { hasOwnTable, makeOwnTable } from "../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../postgres/catalog/platform.ts";
import type { Session } from "../postgres/session/database.ts";

/**
 * How far the gate is closed.
 * - `writes`: only the database's owner can connect, and the owner's sessions are read-only unless they ask for more.
 * - `all`: also, only its owner has USAGE or CREATE on a schema of the app, so that no other role reads. A backup that is taken meanwhile
 *   shows that: take a safety backup at the level `writes`, and raise the level afterwards.
 */
export type GateLevel = "writes" | "all";

const changeSchema = z.discriminatedUnion("kind", [
  /** CONNECT on the database; without a role it is PUBLIC's. `had` says whether it was granted before. */
  z.object({ kind: z.literal("connect"), role: z.string().nullable(), had: z.boolean(), grantable: z.boolean() }),
  /** `default_transaction_read_only` of a role in this database, and what it was. */
  z.object({ kind: z.literal("read only"), role: z.string(), was: z.string().nullable() }),
  /** A right on a schema, which is known by its oid: it may be renamed and another put in its place. */
  z.object({
    kind: z.literal("schema"),
    oid: z.number().int(),
    privilege: z.enum(["USAGE", "CREATE"]),
    role: z.string().nullable(),
    grantable: z.boolean(),
  }),
]);

/** One thing that was changed to close the gate. */
export type GateChange = z.infer<typeof changeSchema>;

/** One holder's closing. */
export interface GateLayer {
  holder: string;
  level: GateLevel;
  /** When it was closed first. */
  closedAt: Date;
  /** False if the closing was interrupted before the other sessions had ended. */
  sessionsEnded: boolean;
  /** Its changes have been put back, but sessions that began meanwhile have not been ended yet. */
  opening: boolean;
  /** In the order in which they were made. */
  changes: GateChange[];
}

const RECORD = `${MARKER_SCHEMA}.gate`;

/** All layers, the first one closed first. */
export async function readLayers(session: Session): Promise<GateLayer[]> {
  if (!(await hasOwnTable(session, RECORD))) return [];
  const rows = await session.query<Omit<GateLayer, "changes"> & { changes: unknown }>(
    `select holder, level, closed_at as "closedAt", sessions_ended as "sessionsEnded", opening, changes from ${RECORD} order by position`,
  );
  return rows.map((row) => ({ ...row, changes: z.array(changeSchema).parse(row.changes) }));
}

/** Notes a layer. If the holder has one, it is raised to a higher level, and the changes are added to it. */
export async function recordLayer(
  session: Session,
  { holder, level, changes }: Pick<GateLayer, "holder" | "level" | "changes">,
): Promise<void> {
  if (!(await hasOwnTable(session, RECORD)))
    await makeOwnTable(
      session,
      `${RECORD} (
        position int generated always as identity primary key,
        holder text not null unique,
        level text not null,
        closed_at timestamptz not null default clock_timestamp(),
        sessions_ended boolean not null default false,
        opening boolean not null default false,
        changes jsonb not null
      )`,
    );
  await session.query(
    `insert into ${RECORD} as gate (holder, level, changes) values ($1, $2, $3)
     on conflict (holder) do update set changes = gate.changes || excluded.changes,
       level = case when gate.level = 'all' then gate.level else excluded.level end`,
    [holder, level, JSON.stringify(changes)],
  );
}

/** Notes that no session is left which is older than the closing, or that a layer's changes have been put back. */
export async function noteLayer(session: Session, holder: string, what: "sessions_ended" | "opening"): Promise<void> {
  await session.query(`update ${RECORD} set ${what} = true where holder = $1`, [holder]);
}

/** Forgets a layer's changes of schema rights, in the transaction that replaces the schemas: the new ones bring rights of their own. */
export async function forgetSchemaChanges(session: Session, holder: string): Promise<void> {
  await session.query(
    `update ${RECORD} set changes = (select coalesce(jsonb_agg(change order by at), '[]') from jsonb_array_elements(changes) with ordinality as c (change, at)
       where change ->> 'kind' <> 'schema') where holder = $1`,
    [holder],
  );
}

/** Removes a layer. */
export async function forgetLayer(session: Session, holder: string): Promise<void> {
  await session.query(`delete from ${RECORD} where holder = $1`, [holder]);
}
