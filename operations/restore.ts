import type { Opener } from "../clients/age.ts";
import type { Clock } from "../clients/clock.ts";
import { connect } from "../clients/database.ts";
import type { Session } from "../clients/database.ts";
import { UserError } from "../clients/errors.ts";
import { findPgTool } from "../clients/pgTools.ts";
import type { Reporter } from "../clients/reporter.ts";
import type { Vault } from "../clients/vault.ts";
import type { SeedCounts } from "./catalog.ts";
import { chooseBackup } from "./chooseBackup.ts";
import { emptyExtensionTables } from "./extensionRows.ts";
import { listBackups } from "./listBackups.ts";
import type { TierPrefix } from "./listBackups.ts";
import type { Manifest } from "./manifest.ts";
import { PhaseTimer } from "./phases.ts";
import type { PrivateFile } from "./privateFile.ts";
import { journaled, readJournal } from "./journal.ts";
import { checkRestored } from "./restoreChecks.ts";
import { FINISHED, beginMarker, findMarker, finishMarker, noteMarkerPhase, restoreIdFor } from "./restoreMarker.ts";
import type { RestoreResult } from "./restoreMarker.ts";
import { restoreRows } from "./restoreRows.ts";
import { refreshViews, restoreSequences } from "./restoreState.ts";
import { analyseTables, fetchDump, fetchText, pgRestore, restoreExtensions, revokeDefaults } from "./restoreSteps.ts";
import {
  applicationNameOf,
  emptyManagedTables,
  holdTarget,
  listDataIn,
  removeLargeObjects,
  wipeTarget,
} from "./restoreTarget.ts";
import { listOwnRoles } from "./rolesScript.ts";
import { quoteIdent } from "./quote.ts";
import { together } from "./together.ts";

/** What to restore, and where to. */
export interface RestoreOptions {
  vault: Vault;
  /** Opens an encrypted backup. */
  opener?: Opener | undefined;
  /** Public keys (PEM) of the writers whose backups may be restored. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  /** A backup by its id; or … */
  backupId?: string | undefined;
  /** … the newest proven one at or before this instant; neither: the newest. */
  at?: Date | undefined;
  /** Connection string of a new project's role `postgres`. */
  targetUrl: string;
  /** Goes into the restore's id: the same target and generation is the same restore. */
  generation: number;
  clock: Clock;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** The phase that goes on where it was. */
const ROWS = "data";
/** Steps of it beside the chunks. */
const EMPTIED = "tables of others emptied";
const LARGE_OBJECTS = "large objects";

/** pg_restore's sessions; with the leading one that stays within the four that a pooler gives us. */
const JOBS = 2;

/**
 * Restores a proven backup into a new project and checks that everything is there. What was begun is noted in the target:
 * the same call goes on after an interruption, with the same backup: rows that are committed stay; interrupted before or
 * after the rows, it takes its own partial work away and begins anew. After the end it returns the recorded result without touching anything. A target that holds any other
 * data is refused (UserError). A restored database that differs from the backup is a PromiseError; its marker stays
 * unfinished.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const signal = options.signal ?? new AbortController().signal;
  const restoreId = restoreIdFor(options.targetUrl, options.generation);
  const session = await connect(options.targetUrl, {
    applicationName: `${applicationNameOf(restoreId)} leader`,
    signal,
  });
  try {
    return await restoreInto(session, restoreId, { ...options, signal });
  } finally {
    await session.end();
  }
}

async function restoreInto(
  session: Session,
  restoreId: string,
  options: RestoreOptions & { signal: AbortSignal },
): Promise<RestoreResult> {
  const { vault, trustedKeys, tiers, targetUrl, clock, reporter, signal } = options;
  const started = performance.now();
  const timer = new PhaseTimer(reporter);
  const applicationName = applicationNameOf(restoreId);

  const claimed = await timer.run("claim", `Claiming ${session.address.host}:${session.address.port}`, async () => {
    const recorded = await findMarker(session);
    if (recorded?.restoreId === restoreId && recorded.phase === FINISHED && recorded.result !== undefined)
      return recorded.result;
    await holdTarget(session, restoreId, recorded?.restoreId === restoreId, signal);
    const marker = await findMarker(session);
    const resumed = marker?.restoreId === restoreId ? marker : undefined;
    if (resumed === undefined) await refuseData(session);
    const backups = await listBackups({ vault, trustedKeys, tiers, signal });
    // A restore that goes on keeps its backup, also when a newer one has come meanwhile.
    const { manifest } = chooseBackup(backups, resumed === undefined ? options : { backupId: resumed.backupId });
    refuseOlderServer(session, manifest);
    await findPgTool("pg_restore", session.serverMajor);
    // Rows are journaled, so they stay; of anything else nobody knows how far it got.
    const goesOn = resumed?.phase === ROWS;
    if (goesOn) {
      reporter(`Going on with the rows of ${manifest.backupId}`);
      return { manifest, goesOn };
    }
    await beginMarker(session, restoreId, manifest.backupId, clock());
    if (resumed !== undefined) {
      reporter(`Taking away what an interrupted restore of ${resumed.backupId} left in phase "${resumed.phase}"`);
      await wipeTarget(session);
    }
    return { manifest, goesOn };
  });
  if ("restoreId" in claimed) return claimed;

  const { manifest, goesOn } = claimed;
  const source = { vault, manifest, opener: options.opener };
  let hasReachedRows = !goesOn;
  const phase = async <T>(name: string, sentence: string, work: () => Promise<T>): Promise<T> => {
    // Until a restore that goes on is where it was, its marker stays there.
    hasReachedRows ||= name === ROWS;
    if (hasReachedRows) await noteMarkerPhase(session, restoreId, name, timer.phases);
    return await timer.run(name, sentence, work);
  };
  const files: PrivateFile[] = [];
  const fetchSchema = async () => {
    const file = await fetchDump(source, "schema.dump", signal);
    files.push(file);
    return file;
  };
  try {
    const { schema, roles, managedObjects } = await phase(
      "download",
      `Fetching backup ${manifest.backupId} of ${manifest.snapshotAt}`,
      async () => ({
        schema: await fetchSchema(),
        roles: await fetchText(source, "roles.sql", signal),
        managedObjects: await fetchText(source, "managed-objects.sql", signal),
      }),
    );
    const run = { session, applicationName, signal };
    const notes = await phase("extensions", `Making ${manifest.extensions.length} extensions`, () =>
      restoreExtensions(session, manifest),
    );
    const roleGrants = await phase("roles", "Making the app's own roles", () => restoreRoles(session, roles));
    if (!goesOn) {
      await phase("schema", "Making types, functions and tables", async () => {
        await revokeDefaults(session);
        await pgRestore({ ...run, dump: schema, args: ["--section=pre-data"] });
      });
    }
    await phase(
      ROWS,
      `Restoring ${manifest.tables.reduce((sum, table) => sum + table.rows, 0)} rows of ${manifest.tables.length} tables`,
      async () => {
        const done = await readJournal(session, restoreId);
        if (!done.has(EMPTIED)) {
          await journaled(session, restoreId, EMPTIED, async () => {
            await emptyManagedTables(session);
            await emptyExtensionTables(session, manifest.tables);
          });
        }
        if (!done.has(LARGE_OBJECTS)) {
          await removeLargeObjects(session);
          await pgRestore({ ...run, dump: schema, args: ["--section=data"] });
          await journaled(session, restoreId, LARGE_OBJECTS, () => Promise.resolve());
        }
        await restoreRows({ ...source, targetUrl, restoreId, applicationName, done, reporter, signal });
        await restoreSequences(session, manifest);
      },
    );
    await phase("constraints", "Making indexes, constraints, triggers, policies and rights", async () => {
      await pgRestore({ ...run, dump: schema, args: ["--section=post-data", `--jobs=${JOBS}`] });
      await refreshViews(session, manifest);
      await session.query(managedObjects);
      if (roleGrants !== "") await session.query(roleGrants);
    });
    const [counts] = await phase("checks", "Comparing every table, definition and right with the backup", () =>
      together<[SeedCounts, undefined]>(
        signal,
        (inner) => checkRestored(targetUrl, applicationName, manifest, inner),
        () => analyseTables(session, manifest),
      ),
    );
    const result: RestoreResult = {
      restoreId,
      backupId: manifest.backupId,
      snapshotAt: manifest.snapshotAt,
      phases: timer.phases,
      durationMs: Math.round(performance.now() - started),
      tables: manifest.tables.length,
      rows: manifest.tables.reduce((sum, table) => sum + table.rows, 0),
      ...counts,
      notes,
    };
    await finishMarker(session, result, clock());
    return result;
  } finally {
    await Promise.all(files.map((file) => file.remove()));
  }
}

async function refuseData(session: Session): Promise<void> {
  const data = await listDataIn(session);
  if (data.length === 0) return;
  throw new UserError(
    `The target database ${session.address.host}:${session.address.port} holds data (${data.join(", ")}): a restore goes into a new project only.`,
  );
}

function refuseOlderServer(session: Session, manifest: Manifest): void {
  const needed = Number.parseInt(manifest.source.serverVersion, 10);
  if (session.serverMajor >= needed) return;
  throw new UserError(
    `The target server is PostgreSQL ${session.serverMajor}, the backup is of ${needed}: restore into version ${needed} or newer.`,
  );
}

/** Makes the roles and lends them to the restoring role, which needs that to make them owners. Returns what takes it back. */
async function restoreRoles(session: Session, script: string): Promise<string> {
  await session.query(script);
  const roles = (await listOwnRoles(session)).map(quoteIdent);
  if (roles.length === 0) return "";
  await session.query(`grant ${roles.join(", ")} to current_user`);
  return `revoke ${roles.join(", ")} from current_user`;
}
