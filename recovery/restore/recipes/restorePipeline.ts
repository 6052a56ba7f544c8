import { together } from "../../../services/common/pool.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { reloadApiSchema } from "../../postgres/catalog/apiCache.ts";
import type { SeedCounts } from "../../postgres/catalog/catalog.ts";
import { emptyExtensionTables } from "../../postgres/catalog/extensionRows.ts";
import { noteOfHeldBack, parseHeldBack, type Publication } from "../../postgres/catalog/heldBack.ts";
import { forStandIn } from "../../postgres/catalog/standIn.ts";
import { parseVaultSecrets, restoreVaultSecrets, type VaultSecret } from "../../postgres/catalog/vaultSecrets.ts";
import type { Session } from "../../postgres/session/database.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import type { BackupSource } from "../../vault/backupSource.ts";
import { fetchDump, fetchText } from "../../vault/fetchPart.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { bringPlatformRights } from "../rights/restorePlatformRights.ts";
import { archivedPlatformRights, restoreRights, rightsScript } from "../rights/restoreRights.ts";
import { type MadeRoles, restoreRoles } from "../rights/restoreRoles.ts";
import { revokeDefaults } from "../rights/revokeDefaults.ts";
import { journaled, journaledScript, readJournal } from "../run/journal.ts";
import type { Selection } from "../run/restoreSelection.ts";
import { emptyManagedTables, removeLargeObjects } from "../run/restoreTarget.ts";
import { checkRestored } from "../steps/restoreChecks.ts";
import { leftOutOfDefinitions, restoreDefinitions } from "../steps/restoreDefinitions.ts";
import { restoreExtensions } from "../steps/restoreExtensions.ts";
import { restoreLargeObjects } from "../steps/restoreLargeObjects.ts";
import { restorePostData } from "../steps/restorePostData.ts";
import { restoreRows } from "../steps/restoreRows.ts";
import { analyseTables, fillViews, restoreSequences } from "../steps/restoreState.ts";
import { bringLostRows } from "../steps/restoreUnlogged.ts";

/** A restore that has decided what it brings back and into which target. */
export interface Restoring extends BackupSource {
  /** The leading session. */
  session: Session;
  targetUrl: string;
  restoreId: string;
  applicationName: string;
  selection: Selection;
  /** What was made before the rows is there, as an interrupted run has left it. */
  goesOn: boolean;
  /**
   * Set where it takes the place of a state that lies aside: then roles that exist stay as they are, and whatever lets others in
   * or belongs to tables that stay is held back for one last transaction. Roles that the restoring one was granted already.
   */
  inPlaceOf?: { granted: readonly string[] } | undefined;
  /** Set where the restoring role may make no event triggers, and the restore does without: the manifest then has none. */
  withoutEventTriggers?: boolean | undefined;
  acceptsBroaderRights?: boolean | undefined;
  /** Notes that a phase begins, measures it and tells what it does. */
  phase: <T>(name: string, sentence: string, work: () => Promise<T>) => Promise<T>;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What came of it. */
export interface Restored extends SeedCounts {
  /** Differences that are no fault, in sentences. */
  notes: string[];
  /** SQL of what was held back, in its order; empty where nothing was. */
  heldBack: string;
  /** What the archive says of rights on the platform's objects, likewise, where the manifest does not say it. */
  platformRights: readonly string[];
  /** The backup's publications, where they were held back for that transaction as well. */
  publications: Publication[];
  /** The vault's secrets, likewise. In clear. */
  vaultSecrets: readonly VaultSecret[];
}

/** Steps beside the chunks and the archive's entries. */
const EMPTIED = "tables of others emptied";
const LARGE_OBJECTS = "large objects";
const RIGHTS = "rights";
const MANAGED_OBJECTS = "managed objects";

/** Runs all phases of a restore after its claim. PromiseError where the result is not what the backup holds. */
export async function runPhases(restoring: Restoring): Promise<Restored> {
  const { manifest, selection, session, signal } = restoring;
  const files: PrivateFile[] = [];
  const fetch = async (name: "schema.dump" | "large-objects.dump") => {
    const file = await fetchDump(restoring, name, signal);
    files.push(file);
    return file;
  };
  const download = async () => {
    const schema = await fetch("schema.dump");
    const roles = await fetchText(restoring, "roles.sql", signal);
    return {
      schema,
      roles,
      managedObjects: forStandIn(session, await fetchText(restoring, "managed-objects.sql", signal)),
    };
  };
  try {
    const notes: string[] = [];
    let heldBack = "";
    let platformRights: readonly string[] = [];
    let publications: Publication[] = [];
    let vaultSecrets: readonly VaultSecret[] = [];
    if (selection === "rows") {
      const dumps = ["large-objects.dump", "schema.dump"] as const;
      const dump = dumps.find((wanted) => manifest.parts.some(({ name }) => name === wanted));
      await bringRows(restoring, dump && (() => fetch(dump)));
      await restoring.phase("constraints", "Filling materialized views", () => fillViews(restoring));
    } else {
      const sentence = `Fetching backup ${manifest.backupId} of ${manifest.snapshotAt}`;
      const { schema, roles, managedObjects } = await restoring.phase("download", sentence, download);
      const { notes: found, made } = await makeSchema(restoring, schema, roles);
      notes.push(...found, ...made.notes, ...(restoring.inPlaceOf === undefined ? noteOfHeldBack(manifest) : []));
      if (selection === "everything") await bringRows(restoring, () => Promise.resolve(schema));
      notes.push(...(await makeConstraints(restoring, schema, managedObjects, made.settle)));
      if (restoring.inPlaceOf !== undefined) {
        const archived = { ...restoring, dump: schema };
        const rights = await rightsScript(archived);
        heldBack = [made.heldBack, managedObjects, rights, made.settle].join("\n");
        platformRights = await archivedPlatformRights(archived);
        if (manifest.parts.some(({ name }) => name === "held-back.json"))
          ({ publications } = parseHeldBack(await fetchText(restoring, "held-back.json", signal)));
        vaultSecrets = await readVaultSecrets(restoring);
      }
    }
    const [counts] = await restoring.phase(
      "checks",
      "Comparing every table, definition and right with the backup",
      () =>
        together<[SeedCounts, undefined]>(
          signal,
          (inner) =>
            checkRestored(
              restoring.targetUrl,
              restoring.applicationName,
              restoring.acceptsBroaderRights === true ? { ...manifest, platformRights: undefined } : manifest,
              inner,
              selection,
              restoring.inPlaceOf === undefined,
            ),
          () => (selection === "definitions" ? Promise.resolve(undefined) : analyseTables(session, manifest)),
        ),
    );
    await reloadApiSchema(session);
    return { ...counts, notes, heldBack, platformRights, publications, vaultSecrets };
  } finally {
    await Promise.all(files.map((file) => file.remove()));
  }
}

async function makeSchema(
  restoring: Restoring,
  schema: PrivateFile,
  roles: string,
): Promise<{ notes: string[]; made: MadeRoles }> {
  const { session, manifest, phase, applicationName, signal } = restoring;
  const notes = await phase("extensions", `Making ${manifest.extensions.length} extensions`, () =>
    restoreExtensions(session, manifest),
  );
  const made = await phase("roles", "Making the app's own roles", () =>
    restoreRoles(session, roles, restoring.inPlaceOf),
  );
  const definitions = { session, targetUrl: restoring.targetUrl, applicationName, signal, dump: schema };
  const leftOut = restoring.goesOn
    ? await leftOutOfDefinitions(definitions)
    : await phase("schema", "Making types, functions and tables", async () => {
        await revokeDefaults(session);
        const found = await restoreDefinitions(definitions);
        // Some versions of pg_dump count them among the definitions.
        if (restoring.selection === "definitions") await removeLargeObjects(session);
        return found;
      });
  notes.push(...leftOut);
  return { notes, made };
}

async function bringRows(restoring: Restoring, dump: (() => Promise<PrivateFile>) | undefined): Promise<void> {
  const { session, manifest, restoreId, targetUrl, applicationName, signal } = restoring;
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  await restoring.phase("data", `Restoring ${rows} rows of ${manifest.tables.length} tables`, async () => {
    const done = await readJournal(session, restoreId);
    const asReplica = restoring.selection === "rows";
    if (!done.has(EMPTIED)) {
      const some = asReplica ? manifest.tables.filter(({ kind }) => kind === "managed") : undefined;
      await journaled(session, restoreId, EMPTIED, async () => {
        await emptyManagedTables(session, some);
        await emptyExtensionTables(session, manifest.tables);
      });
    }
    if (!done.has(LARGE_OBJECTS) && dump !== undefined) {
      await removeLargeObjects(session);
      const schema = await dump();
      // What some versions of pg_dump count among the definitions has gone with the line above.
      await restoreLargeObjects({ session, targetUrl, applicationName, signal, dump: schema });
      await journaled(session, restoreId, LARGE_OBJECTS, () => Promise.resolve());
    }
    await restoreRows({ ...restoring, done, asReplica });
    if (restoring.goesOn) await bringLostRows(session, restoring);
    await restoreSequences(session, manifest);
  });
}

async function makeConstraints(
  restoring: Restoring,
  schema: PrivateFile,
  managedObjects: string,
  settleRoles: string,
): Promise<string[]> {
  const { session, manifest, restoreId } = restoring;
  return await restoring.phase(
    "constraints",
    "Making indexes, constraints, triggers, policies and rights",
    async () => {
      const done = await readJournal(session, restoreId);
      await restorePostData({ ...restoring, dump: schema, done, tables: manifest.tables });
      if (restoring.selection === "everything") await fillViews(restoring, done);
      if (restoring.inPlaceOf !== undefined) return [];
      if (!done.has(MANAGED_OBJECTS)) await journaledScript(session, restoreId, MANAGED_OBJECTS, managedObjects);
      // After owners, whom the rights come from.
      if (!done.has(RIGHTS)) await restoreRights({ ...restoring, dump: schema, step: RIGHTS });
      const archived = await archivedPlatformRights({ ...restoring, dump: schema });
      const notes = await inTransaction(session, () => bringPlatformRights(session, manifest, archived));
      if (settleRoles !== "") await session.query(settleRoles);
      // Nothing of it is journaled: what is there is seen.
      return restoring.selection === "everything"
        ? [...notes, ...(await restoreVaultSecrets(session, await readVaultSecrets(restoring)))]
        : notes;
    },
  );
}

async function readVaultSecrets(restoring: Restoring): Promise<readonly VaultSecret[]> {
  const name = "vault-secrets.json";
  if (!restoring.manifest.parts.some((part) => part.name === name)) return [];
  return parseVaultSecrets(await fetchText(restoring, name, restoring.signal));
}
