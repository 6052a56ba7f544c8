import { z } from "zod";

import { RESTORE_RESULT } from "../../planning/restoreResult.ts";
import { TIERS } from "../../planning/tiers.ts";
import { parseDatabaseUrl } from "../../recovery/postgres/session/databaseUrl.ts";
import { restore } from "../../recovery/restore/recipes/restore.ts";
import { FINISHED, readRestoreMarker, type RestoreResult } from "../../recovery/restore/run/restoreMarker.ts";
import { isPaused } from "../../recovery/site/databaseProject.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Operation, ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";

const inputs = z.strictObject({
  /** Empty for an earlier generation whose project was never made. */
  connectionString: z
    .string()
    .regex(/^(postgres(ql)?:\/\/.*)?$/, { error: "must be a connection string, postgresql://…" }),
  supabaseRef: z.string().optional(),
  vaultBucket: z.string().min(1),
  trustedWriterKeys: z
    .array(z.string().regex(/^-----BEGIN PUBLIC KEY-----/, { error: "must be a public key in PEM form." }))
    .min(1, { error: "must hold at least one public key: a backup that nobody vouches for is not restored." }),
  backup: z
    .string()
    .regex(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/, { error: "must be a backup's id, such as 20260701T020000Z-1a2b3c." })
    .optional(),
  at: z.iso.datetime({ error: "must be a time in UTC, such as 2026-07-01T02:00:00Z." }).optional(),
  olderAuthSettings: z.boolean().optional(),
  generation: z.int().min(1),
  /** It is one of an earlier generation: what is noted of it in its database is taken into the state, and nothing is restored. */
  kept: z.boolean().optional(),
});

type Inputs = z.infer<typeof inputs>;

/**
 * `recovery:index:DatabaseRestore`: a backup restored into an empty database, id = the restore's id. Which backup is
 * decided once, in `create`; see recovery/restore/recipes/restore.ts. A restore is never repeated over what it has restored, nor
 * replaced in place: another backup, time or generation is refused in preview as long as the database is the same.
 */
export const databaseRestore: ResourceHandler<RecoveryContext, Inputs, RestoreResult> = {
  inputs,
  secrets: ["connectionString"],
  diff(_context, olds, news, unknownKeys) {
    if (isAnotherDatabase(olds.inputs.connectionString, news.connectionString, unknownKeys)) {
      return { replaces: ["connectionString"], changes: [] };
    }
    if (olds.outputs.backupId === "" && news.kept !== true) {
      throw new UserError(
        `Generation ${olds.inputs.generation} was never restored to its end: raise generation to a number that was not used.`,
      );
    }
    const [first] = changedInputs(olds.inputs, news, unknownKeys, ["backup", "at", "generation"]);
    // To name the very backup that was restored, or no longer to name one, asks for nothing else.
    const asksForSame =
      first === "backup" &&
      (news.backup === undefined || news.backup === olds.outputs.backupId) &&
      news.at === olds.inputs.at;
    if (first !== undefined && !(asksForSame && news.generation === olds.inputs.generation)) {
      throw new UserError(
        `Backup ${olds.outputs.backupId} was restored into this database with generation ${olds.inputs.generation}, and the app has worked on it since: another ${first} needs a new generation, which makes a new database beside this one. Leave ${first} as it is, or raise generation as well (\`pulumi config set generation ${olds.inputs.generation + 1}\`).`,
      );
    }
    // The rest is only used by create: a rotated password, a moved vault or other trusted keys change nothing here.
    return { replaces: [], changes: changedInputs(olds.inputs, news, unknownKeys, ["connectionString"]) };
  },
  async create(context, wanted, signal, operation) {
    if (wanted.kept === true) return await recordOf(wanted, signal, operation);
    const { backup, at } = wanted;
    const said = new Set<string>();
    const warn = (note: string) => {
      if (!said.has(note)) operation.warn(note);
      said.add(note);
    };
    const outputs = await restore({
      vault: context.vault(wanted.vaultBucket),
      trustedKeys: wanted.trustedWriterKeys,
      tiers: TIERS,
      opener: await context.opener(),
      ...(backup === undefined ? {} : { backupId: backup }),
      ...(at === undefined ? {} : { at: new Date(at) }),
      targetUrl: wanted.connectionString,
      ...(wanted.supabaseRef !== undefined && { project: context.projectContent(wanted.supabaseRef) }),
      olderAuthSettings: wanted.olderAuthSettings,
      generation: wanted.generation,
      reporter: (line) => operation.report(line),
      warn,
      signal,
      clock: context.clock,
    });
    for (const note of outputs.notes) warn(note);
    return { id: outputs.restoreId, outputs };
  },
  async read(context, id, last, signal) {
    if (!last)
      throw new UserError(`Restore ${id} cannot be imported: its database's connection string is not known here.`);
    const same = { id, inputs: last.inputs, outputs: RESTORE_RESULT.parse(last.outputs) };
    if (same.outputs.backupId === "") return same;
    const { connectionString, supabaseRef = "" } = last.inputs;
    // A project that is gone takes its database along; one that is paused can't be asked, and nothing in it changes.
    if (supabaseRef !== "") {
      const project = await context.databaseHost().project(supabaseRef, signal);
      if (project === undefined) return undefined;
      if (await isPaused(context.databaseHost(), supabaseRef, signal)) return same;
    }
    const marker = await readRestoreMarker(connectionString, signal, id);
    return marker?.restoreId === id && marker.phase === FINISHED ? same : undefined;
  },
  update: (_context, _id, olds) => Promise.resolve(RESTORE_RESULT.parse(olds.outputs)),
  // Data are never touched: they go with their project, if at all.
  delete: () => Promise.resolve(),
};

/**
 * What the database of an earlier generation notes of its restore, where the state holds nothing of it: an `up` had ended before. An
 * empty record if nothing is noted or no server answers: it stands in no recovery's way.
 */
async function recordOf(
  { connectionString, generation }: Inputs,
  signal: AbortSignal,
  operation: Operation,
): Promise<{ id: string; outputs: RestoreResult }> {
  try {
    const marker = connectionString === "" ? undefined : await readRestoreMarker(connectionString, signal);
    if (marker?.phase === FINISHED && marker.result !== undefined)
      return { id: marker.restoreId, outputs: marker.result };
  } catch (error) {
    signal.throwIfAborted();
    operation.warn(messageOf(error));
  }
  const notes = [`The restore of generation ${generation} was never finished.`];
  const counts = { durationMs: 0, tables: 0, rows: 0, users: 0, posts: 0, applications: 0 };
  const id = `unfinished-${generation}`;
  return { id, outputs: { restoreId: id, backupId: "", snapshotAt: "", phases: [], ...counts, notes } };
}

/** Another server, port, role or database: not a password alone. */
function isAnotherDatabase(last: string, next: string | undefined, unknownKeys: ReadonlySet<string>): boolean {
  if (unknownKeys.has("connectionString")) return true;
  return next !== undefined && placeOf(last) !== placeOf(next);
}

function placeOf(connectionString: string): string {
  if (connectionString === "") return "";
  const { host, port, user, database } = parseDatabaseUrl(connectionString);
  return JSON.stringify([host, port, user, database]);
}
