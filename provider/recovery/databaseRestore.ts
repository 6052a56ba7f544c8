import { z } from "zod";

import { RESTORE_RESULT } from "../../planning/restoreResult.ts";
import { TIERS } from "../../planning/tiers.ts";
import { parseDatabaseUrl } from "../../recovery/postgres/session/databaseUrl.ts";
import type { RestoreResult } from "../../recovery/restore/run/restoreMarker.ts";
import { isPaused } from "../../recovery/site/databaseProject.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Operation, ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";
import { inspect } from "./inspect.ts";

const inputs = z.strictObject({
  /** Empty for an earlier generation whose project was never created. */
  connectionString: z
    .string()
    .regex(/^(postgres(ql)?:\/\/.*)?$/, { error: "must be a connection string, postgresql://…" }),
  supabaseRef: z.string().optional(),
  vaultBucket: z.string().min(1),
  trustedWriterKeys: z
    .array(z.string().regex(/^-----BEGIN PUBLIC KEY-----/, { error: "must be a public key in PEM form." }))
    .min(1, { error: "must hold at least one public key; only a backup that is signed by a trusted key is restored." }),
  backup: z
    .string()
    .regex(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/, { error: "must be a backup's id, such as 20260701T020000Z-1a2b3c." })
    .optional(),
  at: z.iso.datetime({ error: "must be a time in UTC, such as 2026-07-01T02:00:00Z." }).optional(),
  olderAuthSettings: z.boolean().optional(),
  generation: z.int().min(1),
  /** The restore belongs to an earlier generation: the state takes its record from the database, and nothing is restored. */
  kept: z.boolean().optional(),
});

type Inputs = z.infer<typeof inputs>;
type Absent = "project" | "parts" | "selection";
/** A restore's result with null for a field that is absent. An output that is left out would be unknown in every preview. */
type Outputs = Omit<RestoreResult, Absent> & { [Key in Absent]?: RestoreResult[Key] | null };

function outputsOf(result: RestoreResult): Outputs {
  const { project, parts, selection } = result;
  return { ...result, project: project ?? null, parts: parts ?? null, selection: selection ?? null };
}

/**
 * `recovery:index:DatabaseRestore`: a backup restored into an empty database, id = the restore's id. `create` chooses the backup once; see
 * recovery/restore/recipes/restore.ts. A restore never overwrites restored data and is never replaced in place. For the same database, a
 * preview refuses another backup, time or generation.
 */
export const databaseRestore: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  secrets: ["connectionString"],
  diff(_context, olds, news, unknownKeys) {
    if (isAnotherDatabase(olds.inputs.connectionString, news.connectionString, unknownKeys))
      return { replaces: ["connectionString"], changes: [] };
    if (olds.outputs.backupId === "" && news.kept !== true)
      throw new UserError(
        `The restore of generation ${olds.inputs.generation} was never finished. Raise generation to a number that was not used.`,
      );
    const [first] = changedInputs(olds.inputs, news, unknownKeys, ["backup", "at", "generation"]);
    // Naming exactly the restored backup, or no longer naming it, changes nothing.
    const asksForSame =
      first === "backup" &&
      (news.backup === undefined || news.backup === olds.outputs.backupId) &&
      news.at === olds.inputs.at;
    if (first !== undefined && !(asksForSame && news.generation === olds.inputs.generation))
      throw new UserError(
        `Backup ${olds.outputs.backupId} was restored into this database with generation ${olds.inputs.generation}, and the app has written to it since. Another ${first} needs a new generation, which creates a new database beside this one. Leave ${first} as it is, or also raise generation: \`pulumi config set generation ${olds.inputs.generation + 1}\`.`,
      );
    // Only create uses the other inputs: a rotated password, a moved vault or other trusted keys change nothing here.
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
    const { supabaseRef } = wanted;
    const ofSize =
      supabaseRef === undefined ? [] : await fitted(context, { ...wanted, supabaseRef }, signal, operation);
    for (const note of ofSize) warn(note);
    const { restore } = await import("../../recovery/restore/recipes/restore.ts");
    const { lossText } = await import("../../recovery/restore/run/restoreLosses.ts");
    const result = await restore({
      vault: context.vault(wanted.vaultBucket),
      trustedKeys: wanted.trustedWriterKeys,
      tiers: TIERS,
      opener: await context.opener(),
      backupId: backup,
      at: at === undefined ? undefined : new Date(at),
      targetUrl: wanted.connectionString,
      ...(wanted.supabaseRef !== undefined && { project: context.projectContent(wanted.supabaseRef) }),
      olderAuthSettings: wanted.olderAuthSettings,
      generation: wanted.generation,
      reporter: operation.report,
      warn,
      signal,
      clock: context.clock,
    });
    for (const note of result.notes) warn(note);
    const losses = lossText(result);
    if (losses !== undefined)
      warn(`${losses} \`castchat-recovery restore\` tries again what can be tried again (docs/runbook.md).`);
    return { id: result.restoreId, outputs: outputsOf({ ...result, notes: [...ofSize, ...result.notes] }) };
  },
  async read(context, id, last, signal) {
    if (!last)
      throw new UserError(
        `Restore ${id} cannot be imported, because its database's connection string is not known here.`,
      );
    const same = { id, inputs: last.inputs, outputs: outputsOf(RESTORE_RESULT.parse(last.outputs)) };
    if (same.outputs.backupId === "") return same;
    const { connectionString, supabaseRef = "" } = last.inputs;
    // A project that is gone took its database with it. A paused project can't be read, and nothing in it changes.
    if (supabaseRef !== "") {
      const project = await context.databaseHost().project(supabaseRef, signal);
      if (project === undefined) return undefined;
      if (await isPaused(context.databaseHost(), supabaseRef, signal)) return same;
    }
    const marker = await finishedRestore(connectionString, signal, id);
    return marker?.restoreId === id ? same : undefined;
  },
  update: (_context, _id, olds) => Promise.resolve(outputsOf(RESTORE_RESULT.parse(olds.outputs))),
  // The restore deletes no data: the project owns the data.
  delete: () => Promise.resolve(),
};

/** Gives the project the size that the backup's source had, before anything is written. Returns what the host refused, in sentences. */
async function fitted(
  context: RecoveryContext,
  {
    supabaseRef: ref,
    vaultBucket,
    trustedWriterKeys: trustedKeys,
    backup: backupId,
    at,
  }: Inputs & { supabaseRef: string },
  signal: AbortSignal,
  { report: reporter }: Operation,
): Promise<string[]> {
  const { chooseBackup } = await import("../../recovery/vault/chooseBackup.ts");
  const { listBackups } = await import("../../recovery/vault/listBackups.ts");
  const { fitProject } = await import("../../recovery/site/projectSize.ts");
  const backups = await listBackups({ vault: context.vault(vaultBucket), trustedKeys, tiers: TIERS, signal });
  const { chosen } = chooseBackup(backups, { backupId, at: at === undefined ? undefined : new Date(at) });
  const ports = { databaseHost: context.databaseHost(), inspect, clock: context.clock };
  return await fitProject(ports, { ref, manifest: chosen.manifest, signal, reporter });
}

/**
 * The record of its restore in an earlier generation's database, for a state that lacks it because the `up` was interrupted. The record is
 * empty if there is none or no server answers, so that it never blocks a recovery.
 */
async function recordOf(
  { connectionString, generation }: Inputs,
  signal: AbortSignal,
  operation: Operation,
): Promise<{ id: string; outputs: Outputs }> {
  try {
    const marker = connectionString === "" ? undefined : await finishedRestore(connectionString, signal);
    if (marker?.result !== undefined) return { id: marker.restoreId, outputs: outputsOf(marker.result) };
  } catch (error) {
    signal.throwIfAborted();
    operation.warn(messageOf(error));
  }
  const notes = [`The restore of generation ${generation} was never finished.`];
  const counts = { durationMs: 0, tables: 0, rows: 0, users: 0, posts: 0, applications: 0 };
  const id = `unfinished-${generation}`;
  return {
    id,
    outputs: outputsOf({ restoreId: id, backupId: "", snapshotAt: "", phases: [], ...counts, notes, lost: [] }),
  };
}

/** A database's record of its restore; undefined if it has none, or if the restore is not finished. */
async function finishedRestore(connectionString: string, signal: AbortSignal, restoreId?: string) {
  const { FINISHED, readRestoreMarker } = await import("../../recovery/restore/run/restoreMarker.ts");
  const marker = await readRestoreMarker(connectionString, signal, restoreId);
  return marker?.phase === FINISHED ? marker : undefined;
}

/** Whether server, port, role or database differ; another password doesn't count. */
function isAnotherDatabase(last: string, next: string | undefined, unknownKeys: ReadonlySet<string>): boolean {
  if (unknownKeys.has("connectionString")) return true;
  return next !== undefined && placeOf(last) !== placeOf(next);
}

function placeOf(connectionString: string): string {
  if (connectionString === "") return "";
  const { host, port, user, database } = parseDatabaseUrl(connectionString);
  return JSON.stringify([host, port, user, database]);
}
