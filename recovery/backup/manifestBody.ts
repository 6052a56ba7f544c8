import { lackOf, unsealedLack } from "../configuration/lacks.ts";
import { jobForManifest } from "../postgres/catalog/heldBack.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import type { Session } from "../postgres/session/database.ts";
import type { StoredProject } from "../project/storeProject.ts";
import { type BackupKind, KINDS } from "../vault/backupKinds.ts";
import type { MissingPart, UnsealedVariables } from "../vault/configurationPart.ts";
import type { Lacks } from "../vault/lacks.ts";
import type { BackupPart, Manifest } from "../vault/manifest.ts";
import { countInTables, describeTables } from "../vault/tableContents.ts";
import type { DatabaseDescription } from "./describeDatabase.ts";
import type { ReadQueue } from "./readTables.ts";

/** The fields of a manifest that come from the database and its parts. */
export type ManifestBody = Omit<
  Manifest,
  "format" | "formatVersion" | "backupId" | "kind" | "encryption" | "suspicions" | "tier" | "startedAt" | "signedBy"
>;

/** What a reading of the database has found and stored. */
export interface Found {
  kind: BackupKind;
  session: Pick<Session, "address" | "serverVersion">;
  pgDumpVersion: string;
  snapshotAt: Date;
  finishedAt: Date;
  /** Tables that the role may not see. */
  unreadable: readonly LeftOut[];
  description: DatabaseDescription;
  /** Emptied, with its chunks and counts. */
  queue: ReadQueue;
  parts: readonly BackupPart[];
  /** What the configuration lacks. */
  missing: readonly MissingPart[];
  /** The variables whose values no backup has. */
  unsealed: readonly UnsealedVariables[];
  /** What was stored of the project outside the database. */
  storedProject: StoredProject;
}

/** Makes the manifest's fields from what a reading has found. */
export function manifestBody(found: Found): ManifestBody {
  const { session, description, queue, storedProject } = found;
  const content = KINDS[found.kind];
  const times = [...queue.counts.values()].flatMap(({ newestAt }) => (newestAt ? [newestAt.getTime()] : []));
  const chunks = queue.chunks.sort((a, b) => (a.key < b.key ? -1 : 1));
  const contents = describeTables(description.tables, chunks, queue.counts);
  const heldBack = content.definitions ? description.scripts.heldBack : { jobs: [], publications: [] };
  return {
    snapshotAt: found.snapshotAt.toISOString(),
    finishedAt: found.finishedAt.toISOString(),
    newestDataAt: times.length === 0 ? undefined : new Date(Math.max(...times)).toISOString(),
    source: {
      host: session.address.host,
      port: session.address.port,
      systemIdentifier: description.systemIdentifier,
      collation: description.collation,
      database: session.address.database,
      serverVersion: session.serverVersion,
      pgDumpVersion: found.pgDumpVersion,
    },
    ...description.content,
    ...(storedProject.machine && { machine: storedProject.machine }),
    leftOut: [
      ...description.content.leftOut,
      ...(content.definitions ? description.scripts.leftOut : []),
      ...found.unreadable,
      ...description.vaultContent.leftOut,
      ...storedProject.leftOut,
      ...lacksOf(found),
    ],
    ...(content.project && { lacks: { ...storedProject.lacks, ...lackingConfiguration(found) } }),
    ...(content.rows === "all" ? {} : { seedCounts: countInTables(contents) }),
    parts: [...found.parts, ...storedProject.parts],
    chunks,
    files: storedProject.files,
    jobs: heldBack.jobs.map(jobForManifest),
    publications: heldBack.publications.map(({ name }) => name),
    tables: contents,
  };
}

/** What a configuration lacks. */
type Lacking = Pick<Found, "missing" | "unsealed">;

/** The configuration's entries in a manifest's `lacks`. Empty if the configuration is complete. */
export function lackingConfiguration({ missing, unsealed }: Lacking): Pick<Lacks, "configuration" | "variables"> {
  const variables = unsealed.flatMap(({ project, names }) => names.map((name) => `${project} ${name}`));
  return {
    ...(missing.length > 0 && { configuration: missing.map(({ part }) => part) }),
    ...(variables.length > 0 && { variables }),
  };
}

/** The configuration's entries in what a backup does not hold. */
export function lacksOf({ missing, unsealed }: Lacking): LeftOut[] {
  return [...missing.map(lackOf), ...unsealed.map(unsealedLack)];
}
