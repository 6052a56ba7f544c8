import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import { MARKER_SCHEMA } from "../postgres/catalog/platform.ts";
import type { Session } from "../postgres/session/database.ts";

/**
 * How far a replacement is. Until `live` the old state is what it goes back to; from `live` on the new one is what it goes on to. Each step
 * is committed together with what it says:
 *
 * begun: nothing is changed · closed: the gate is closed · saved: the safety backup is proven · aside: the old state lies aside, and the
 * new one is being restored in its place · live: the new state is complete, the gate may open · open: it is open, what lay aside goes ·
 * back: the old state is complete again, the gate may open.
 */
export const REPLACEMENT_STATES = ["begun", "closed", "saved", "aside", "live", "open", "back"] as const;
export type ReplacementState = (typeof REPLACEMENT_STATES)[number];
const grantSchema = z.object({ grantee: z.string().nullable(), privilege: z.string(), grantable: z.boolean() });
const memorySchema = z.object({
  /** Schemas of the app and where they, or what was in them, lie now. */
  schemas: z.array(z.object({ name: z.string(), aside: z.string(), renamed: z.boolean() })),
  /** Rows of tables that aren't the app's, copied aside. */
  tables: z.array(
    z.object({
      schema: z.string(),
      name: z.string(),
      columns: z.array(z.string()),
      condition: z.string(),
      aside: z.string(),
    }),
  ),
  sequences: z.array(z.object({ schema: z.string(), name: z.string(), value: z.string() })),
  /** Objects without a schema that were renamed: kind as SQL writes it, and name. */
  renamed: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      /** Of an event trigger, whether and when it acts. */
      enabled: z
        .string()
        .nullish()
        .transform((one) => one ?? undefined),
    }),
  ),
  /** SQL that makes again what the app had put on tables that aren't its own. */
  managedObjects: z.string(),
  defaultRights: z.array(
    z.object({ role: z.string(), schema: z.string().nullable(), kind: z.string(), grants: z.array(grantSchema) }),
  ),
  /** Rights on schemas that stay. */
  schemaRights: z.array(grantSchema.extend({ schema: z.string() })),
  comments: z.array(z.object({ schema: z.string(), comment: z.string().nullable() })),
  /** What there was: whatever else there is later was made by the restore. */
  before: z.object({ schemas: z.array(z.string()), extensions: z.array(z.string()), roles: z.array(z.string()) }),
  /** Roles that were granted to the restoring one by itself already. */
  granted: z.array(z.string()),
});

/** All that is needed to put the old state back. */
export type Memory = z.infer<typeof memorySchema>;
export type Grant = z.infer<typeof grantSchema>;

/** A replacement under way. */
export interface Replacement {
  restoreId: string;
  backupId: string;
  state: ReplacementState;
  /** The phase of the restore while `aside`. */
  phase: string;
  startedAt: Date;
  safetyBackupId: string | undefined;
  memory: Memory | undefined;
}
export const RECORD = `${MARKER_SCHEMA}.replacement`;

/** The replacement that was begun and is not finished, if there is one. */
export async function findReplacement(session: Session): Promise<Replacement | undefined> {
  const [there] = await session.query<{ record: string | null }>("select to_regclass($1)::text as record", [RECORD]);
  if ((there?.record ?? undefined) === undefined) return undefined;
  const [row] = await session.query<{
    restore_id: string;
    backup_id: string;
    state: string;
    phase: string;
    started_at: Date;
    safety_backup_id: string | null;
    memory: unknown;
  }>(`select * from ${RECORD}`);
  if (row === undefined) return undefined;
  return {
    restoreId: row.restore_id,
    backupId: row.backup_id,
    state: z.enum(REPLACEMENT_STATES).parse(row.state),
    phase: row.phase,
    startedAt: row.started_at,
    safetyBackupId: row.safety_backup_id ?? undefined,
    memory: row.memory === null ? undefined : memorySchema.parse(row.memory),
  };
}
/**
 * Refuses a database whose state is being replaced at this moment: a backup of it would be one of a half-restored state, and what is done
 * to it would go when the old state comes back. UserError.
 */
export async function refuseHalfState(session: Session): Promise<void> {
  const replacement = await findReplacement(session);
  if (replacement?.state !== "aside") return;
  throw new UserError(
    `The database is being replaced by backup ${replacement.backupId}, so what it holds now is half of it. Wait until that has finished. If it was interrupted, run \`castchat-recovery restore in-place\` to continue, or \`castchat-recovery restore abandon\` to go back.`,
  );
}

/** Refuses a database whose state is about to be exchanged as a whole: what is changed in it now is thrown away. UserError. */
export async function refuseReplacement(session: Session): Promise<void> {
  const replacement = await findReplacement(session);
  if (replacement === undefined) return;
  throw new UserError(
    `A replacement of the whole database by backup ${replacement.backupId} is under way. Run \`castchat-recovery restore in-place\` to continue, or \`castchat-recovery restore abandon\` to go back first.`,
  );
}
