import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import { hasOwnTable } from "../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../postgres/catalog/platform.ts";
import type { Session } from "../postgres/session/database.ts";

/**
 * How far a replacement is. Each step is committed together with its state. Until `live` a failure leads back to the old state, from `live`
 * on to the new one.
 * - begun: nothing is changed · closed: the gate is closed · saved: the safety backup is proven
 * - aside: the old state is set aside, and the new one is being restored in its place
 * - live: the new state is complete, and the gate may open · open: it is open, and what was set aside is being dropped
 * - back: the old state is complete again, and the gate may open
 */
const stateSchema = z.enum(["begun", "closed", "saved", "aside", "live", "open", "back"]);
/** An SQL null is undefined. */
const orAbsent = <T>(schema: z.ZodType<T>) => schema.nullish().transform((one) => one ?? undefined);
const grantSchema = z.object({ grantee: z.string().nullable(), privilege: z.string(), grantable: z.boolean() });
const memorySchema = z.object({
  /** Schemas of the app, and the schema that holds each, or its content, now. */
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
      /** Whether and when an event trigger acts. */
      enabled: orAbsent(z.string()),
    }),
  ),
  /** SQL that creates again what the app had on tables that aren't its own. */
  managedObjects: z.string(),
  defaultRights: z.array(
    z.object({ role: z.string(), schema: z.string().nullable(), kind: z.string(), grants: z.array(grantSchema) }),
  ),
  /** Rights on schemas that stay. */
  schemaRights: z.array(grantSchema.extend({ schema: z.string() })),
  comments: z.array(z.object({ schema: z.string(), comment: z.string().nullable() })),
  /** What existed before. The restore has made everything else. */
  before: z.object({ schemas: z.array(z.string()), extensions: z.array(z.string()), roles: z.array(z.string()) }),
  /** Roles that the restoring role had granted to itself before. */
  granted: z.array(z.string()),
});

/** All that is needed to put the old state back. */
export type Memory = z.infer<typeof memorySchema>;
export type Grant = z.infer<typeof grantSchema>;

const replacementSchema = z.object({
  restoreId: z.string(),
  backupId: z.string(),
  state: stateSchema,
  /** The phase of the restore while `aside`. */
  phase: z.string(),
  startedAt: z.date(),
  safetyBackupId: orAbsent(z.string()),
  memory: orAbsent(memorySchema),
});

/** A replacement under way. */
export type Replacement = z.infer<typeof replacementSchema>;
export const RECORD = `${MARKER_SCHEMA}.replacement`;

/** The replacement that was begun and is not finished, if there is one. */
export async function findReplacement(session: Session): Promise<Replacement | undefined> {
  if (!(await hasOwnTable(session, RECORD))) return undefined;
  const [row] = await session.query(
    `select restore_id as "restoreId", backup_id as "backupId", state, phase, started_at as "startedAt",
       safety_backup_id as "safetyBackupId", memory from ${RECORD}`,
  );
  return row && replacementSchema.parse(row);
}

/**
 * Refuses a database that is being replaced at this moment: a backup would hold a half-restored state, and a change would be lost when the
 * old state comes back. UserError.
 */
export async function refuseHalfState(session: Session): Promise<void> {
  const replacement = await findReplacement(session);
  if (replacement?.state !== "aside") return;
  throw new UserError(
    `The database is being replaced by backup ${replacement.backupId}, so it holds a half-restored state. Wait until that has finished. If it was interrupted, run \`castchat-recovery restore in-place\` to continue, or \`castchat-recovery restore abandon\` to go back.`,
  );
}

/** Refuses a database that is about to be replaced as a whole: a change that is made now would be lost. UserError. */
export async function refuseReplacement(session: Session): Promise<void> {
  const replacement = await findReplacement(session);
  if (replacement === undefined) return;
  throw new UserError(
    `A replacement of the whole database by backup ${replacement.backupId} is under way. Run \`castchat-recovery restore in-place\` to continue, or \`castchat-recovery restore abandon\` to go back first.`,
  );
}
